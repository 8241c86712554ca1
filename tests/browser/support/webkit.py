"""WebKitGTK's small browser, driven by WebDriver (https://www.w3.org/TR/webdriver2/) over HTTP.

It has no headless mode, so it gets a display of its own.
"""

import asyncio
import base64
import json
import os
import socket
from pathlib import Path
from typing import Any

import aiohttp

from tests.browser.support.browser import Browser, Page

_BROWSERS = "/usr/lib"
_START_SECONDS = 30.0


def mini_browser() -> str:
    """Where Debian keeps it; '' where it is not installed."""
    return max(map(str, Path(_BROWSERS).glob("*/webkit2gtk-4.*/MiniBrowser")), default="")


class WebKit(Browser):
    """One window: each page that is opened takes the place of the one before."""

    def __init__(self, program: str) -> None:
        super().__init__(program)
        self._processes: list[asyncio.subprocess.Process] = []
        self._http: aiohttp.ClientSession | None = None
        self._address = ""
        self._session = ""

    async def open(self, url: str, javascript: bool = True) -> Page:
        assert javascript, "WebDriver cannot turn JavaScript off"
        if not self._session:
            await self._start()
        await self.command("POST", "url", url=url)
        return WebKitPage(self)

    async def command(self, method: str, name: str, **parameters: Any) -> Any:
        """The value of the answer to a command of the session."""
        return await self._ask(method, f"/session/{self._session}/{name}", parameters)

    async def close(self) -> None:
        if self._http:
            if self._session:
                await self._ask("DELETE", f"/session/{self._session}", {})
            await self._http.close()
        for process in reversed(self._processes):
            process.terminate()
            await process.communicate()

    async def _start(self) -> None:
        display = await self._run("Xvfb", "-displayfd", "1", "-nolisten", "tcp")
        assert display.stdout
        number = (await display.stdout.readline()).decode().strip()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        await self._run(self.program, f"--port={port}", DISPLAY=f":{number}")
        self._address = f"http://127.0.0.1:{port}"
        self._http = aiohttp.ClientSession()
        async with asyncio.timeout(_START_SECONDS):
            await self._open_session()

    async def _open_session(self) -> None:
        options = {"binary": mini_browser(), "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        while not self._session:
            try:
                answer = await self._ask("POST", "/session", {"capabilities": wanted})
                self._session = answer["sessionId"]
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)  # it does not listen yet

    async def _run(self, *command: str, **environment: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | environment,
        )
        self._processes.append(process)
        return process

    async def _ask(self, method: str, path: str, parameters: dict[str, Any]) -> Any:
        assert self._http
        body = parameters if method == "POST" else None
        async with self._http.request(method, self._address + path, json=body) as response:
            value = (await response.json())["value"]
        if response.status != 200:
            raise RuntimeError(value["message"])
        return value


class WebKitPage(Page):
    """The window. Its console cannot be read."""

    def __init__(self, browser: WebKit) -> None:
        super().__init__()
        self._browser = browser

    async def evaluate(self, expression: str) -> Any:
        script = (
            "const done = arguments[0];"
            f"(async () => ({expression}))().then("
            "value => done([true, JSON.stringify(value)]), error => done([false, String(error)]));"
        )
        good, text = await self._browser.command("POST", "execute/async", script=script, args=[])
        if not good:
            raise RuntimeError(text)
        return None if text is None else json.loads(text)

    async def screenshot(self) -> bytes:
        return base64.b64decode(await self._browser.command("GET", "screenshot"))

    async def close(self) -> None:
        await self._browser.command("POST", "url", url="about:blank")
