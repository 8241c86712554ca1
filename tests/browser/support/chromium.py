"""Chromium, driven by Playwright."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from playwright.async_api import Browser as Driver
from playwright.async_api import Page as Tab
from playwright.async_api import Playwright, TimeoutError, async_playwright

from tests.browser.support.browser import Browser, Page
from tests.browser.support.process import PROCESSES, Process, make_profile

_LISTENING = r"DevTools listening on (ws://\S+)"
# As Playwright starts it: pages that are not in front go on, and nothing asks questions.
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--remote-debugging-port=0",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-renderer-backgrounding",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--mute-audio",
    "--no-default-browser-check",
    "--no-first-run",
    "--password-store=basic",
    # The pointer is a mouse: 2 and 4 are "can hover" and "fine" to Blink.
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,"
    "primaryPointerType=4,availablePointerTypes=4",
)


class Chromium(Browser):
    """A connection to a running Chromium, started with the ``arguments`` given beside the usual."""

    def __init__(self, program: str, *arguments: str) -> None:
        super().__init__(program)
        self._arguments = arguments
        self._key = (program, *arguments)
        self._resources = AsyncExitStack()
        self._driver: Driver | None = None

    async def driver(self) -> Driver:
        """Playwright's browser, connected when it is first needed."""
        if self._driver is None:
            playwright = await self._resources.enter_async_context(async_playwright())
            try:
                self._driver = await self._connect(playwright)
            except TimeoutError:  # it hangs, which says nothing about what is tested
                PROCESSES.drop(self._key)
                self._driver = await self._connect(playwright)
        return self._driver

    async def _connect(self, playwright: Playwright) -> Driver:
        process = await asyncio.to_thread(self._start)
        return await playwright.chromium.connect_over_cdp(process.address)

    async def open(self, url: str, javascript: bool = True) -> Page:
        driver = await self.driver()
        context = await driver.new_context(java_script_enabled=javascript)
        page = ChromiumPage(await context.new_page())
        await page.tab.goto(url, wait_until="domcontentloaded")
        return page

    async def close(self) -> None:
        if self._driver is not None:
            for context in self._driver.contexts[1:]:  # the first one is its own
                await context.close()
            await self._driver.close()
        await self._resources.aclose()

    def _start(self) -> Process:
        if running := PROCESSES.get(self._key):
            return running
        profile = make_profile()
        command = [self.program, *_ARGUMENTS, *self._arguments, f"--user-data-dir={profile}"]
        return PROCESSES.keep(self._key, Process(command, _LISTENING, profile))


class ChromiumPage(Page):
    """A tab in a context of its own."""

    def __init__(self, tab: Tab) -> None:
        super().__init__()
        self.tab = tab
        tab.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        tab.on("pageerror", lambda error: self.console.append(f"error: {error}"))

    async def evaluate(self, expression: str) -> Any:
        return await self.tab.evaluate(f"async () => ({expression})")

    async def screenshot(self) -> bytes:
        return await self.tab.screenshot()

    async def close(self) -> None:
        await self.tab.context.close()
