"""Chromium, driven by Playwright."""

from contextlib import AsyncExitStack
from typing import Any

from playwright.async_api import Browser as Driver
from playwright.async_api import Page as Tab
from playwright.async_api import async_playwright

from tests.browser.support.browser import Browser, Page


class Chromium(Browser):
    """The browser starts with its first page."""

    def __init__(self, program: str) -> None:
        super().__init__(program)
        self._resources = AsyncExitStack()
        self._driver: Driver | None = None

    async def open(self, url: str, javascript: bool = True) -> Page:
        if self._driver is None:
            playwright = await self._resources.enter_async_context(async_playwright())
            self._driver = await playwright.chromium.launch(
                executable_path=self.program, args=["--no-sandbox"]
            )
            self._resources.push_async_callback(self._driver.close)
        context = await self._driver.new_context(java_script_enabled=javascript)
        page = ChromiumPage(await context.new_page())
        await page.tab.goto(url, wait_until="domcontentloaded")
        return page

    async def close(self) -> None:
        await self._resources.aclose()


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
