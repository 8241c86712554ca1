"""Firefox, driven by WebDriver BiDi: JSON commands over the WebSocket that it opens itself.

https://w3c.github.io/webdriver-bidi/
"""

import asyncio
import base64
import json
import re
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from tests.browser.support.browser import Browser, Page

_START_SECONDS = 60
_COMMAND_SECONDS = 40
_LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")


class Firefox(Browser):
    """JavaScript is switched off for a whole profile, so those pages get a process of their own."""

    def __init__(self, program: str) -> None:
        super().__init__(program)
        self._processes: dict[bool, FirefoxProcess] = {}

    async def open(self, url: str, javascript: bool = True) -> Page:
        if javascript not in self._processes:
            self._processes[javascript] = await FirefoxProcess.start(self.program, javascript)
        process = self._processes[javascript]
        tab = await process.command("browsingContext.create", type="tab")
        page = FirefoxPage(process, tab["context"], javascript)
        await process.command(
            "browsingContext.navigate", context=page.context, url=url, wait="interactive"
        )
        return page

    async def close(self) -> None:
        for process in self._processes.values():
            await process.stop()
        self._processes.clear()


class FirefoxPage(Page):
    """A tab."""

    def __init__(self, process: "FirefoxProcess", context: str, javascript: bool) -> None:
        super().__init__()
        self.context = context
        self._javascript = javascript
        self._process = process
        process.pages[context] = self

    async def evaluate(self, expression: str) -> Any:
        # BiDi has its own notation for values; as text they arrive as they are.
        text_of = "(async () => JSON.stringify(await ({})))()"
        if not self._javascript:
            # No promise is ever kept there.
            text_of = "JSON.stringify({})"
        answer = await self._process.command(
            "script.evaluate",
            expression=text_of.format(expression),
            target={"context": self.context},
            awaitPromise=True,
            # As Playwright does it: what a test does, a person does, with sound too.
            userActivation=True,
        )
        if answer["type"] != "success":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        text = answer["result"].get("value")
        return None if text is None else json.loads(text)

    async def screenshot(self) -> bytes:
        answer = await self._process.command(
            "browsingContext.captureScreenshot", context=self.context
        )
        return base64.b64decode(answer["data"])

    async def close(self) -> None:
        del self._process.pages[self.context]
        await self._process.command("browsingContext.close", context=self.context)


class FirefoxProcess:
    """One Firefox and the connection to it."""

    def __init__(self, process: asyncio.subprocess.Process, profile: str) -> None:
        self.pages: dict[str, FirefoxPage] = {}
        self._process = process
        self._profile = profile
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    @classmethod
    async def start(cls, program: str, javascript: bool) -> "FirefoxProcess":
        """Start it with a fresh profile and open a session."""
        profile = _make_profile(javascript)
        process = await asyncio.create_subprocess_exec(
            program,
            *("--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", profile),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        self = cls(process, profile)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._connect(await self._address())
        except BaseException:
            await self._end()
            raise
        return self

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its result."""
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        return await asyncio.wait_for(answer, _COMMAND_SECONDS)

    async def stop(self) -> None:
        """End the session, the process and the profile."""
        try:
            await self._socket.close()
            await self._session.close()
            await self._reader
        finally:
            await self._end()

    async def _end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()
        shutil.rmtree(self._profile, ignore_errors=True)

    async def _address(self) -> str:
        assert self._process.stderr
        said = b""
        async for line in self._process.stderr:
            said += line
            if match := _LISTENING.search(line):
                return match[1].decode()
        raise RuntimeError(f"Firefox ended at its start: {said.decode(errors='replace')}")

    async def _connect(self, address: str) -> None:
        self._session = aiohttp.ClientSession()
        # A screenshot is one message.
        self._socket = await self._session.ws_connect(f"{address}/session", max_msg_size=0)
        self._reader = asyncio.create_task(self._read())
        await self.command("session.new", capabilities={})
        await self.command("session.subscribe", events=["log.entryAdded"])

    async def _read(self) -> None:
        async for message in self._socket:
            self._receive(json.loads(message.data))
        waiting = [answer for answer in self._answers.values() if not answer.done()]
        for answer in waiting:
            answer.set_exception(ConnectionError("Firefox has closed the connection"))

    def _receive(self, message: dict[str, Any]) -> None:
        if message["type"] == "event":
            entry = message["params"]
            if page := self.pages.get(entry["source"]["context"]):
                page.console.append(f"{entry['level']}: {entry['text']}")
            return
        answer = self._answers.pop(message["id"])
        if answer.cancelled():
            return
        if message["type"] == "success":
            answer.set_result(message["result"])
        else:
            answer.set_exception(RuntimeError(f"{message['error']}: {message['message']}"))


def _make_profile(javascript: bool) -> str:
    profile = tempfile.mkdtemp(prefix="firefox-")
    if not javascript:
        Path(profile, "user.js").write_text('user_pref("javascript.enabled", false);\n')
    return profile
