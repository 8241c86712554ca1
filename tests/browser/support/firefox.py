"""Firefox, driven by WebDriver BiDi: JSON commands over the WebSocket that it opens itself.

https://w3c.github.io/webdriver-bidi/
"""

import asyncio
import base64
import json
from collections.abc import Mapping
from itertools import count
from typing import Any

import aiohttp

from tests.browser.support.browser import Browser, Page
from tests.browser.support.process import PROCESSES, Process, make_profile

_COMMAND_SECONDS = 40
_LISTENING = r"WebDriver BiDi listening on (ws://\S+)"
_NO_JAVASCRIPT = {"javascript.enabled": "false"}


class Firefox(Browser):
    """A session in a running Firefox, whose profile has these ``preferences`` (as JavaScript), in
    an ``environment`` of its own.

    JavaScript is switched off for a whole profile, so those pages get a process of their own.
    """

    def __init__(
        self,
        program: str,
        preferences: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(program)
        self._preferences = dict(preferences or {})
        self._environment = dict(environment or {})
        self._sessions: dict[bool, FirefoxSession] = {}

    async def open(self, url: str, javascript: bool = True) -> Page:
        if javascript not in self._sessions:
            self._sessions[javascript] = await self._begin(javascript)
        session = self._sessions[javascript]
        user = await session.command("browser.createUserContext")
        tab = await session.command(
            "browsingContext.create", type="tab", userContext=user["userContext"]
        )
        page = FirefoxPage(session, tab["context"], javascript)
        await session.command(
            "browsingContext.navigate", context=page.context, url=url, wait="interactive"
        )
        return page

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.end()
        self._sessions.clear()

    async def _begin(self, javascript: bool) -> "FirefoxSession":
        preferences = self._preferences | ({} if javascript else _NO_JAVASCRIPT)
        key = (self.program, *sorted((preferences | self._environment).items()))
        if running := PROCESSES.get(key):
            try:
                return await FirefoxSession.begin(running.address)
            except (OSError, RuntimeError, aiohttp.ClientError):
                PROCESSES.drop(key)  # the one before has left it in disorder
        started = await asyncio.to_thread(_start, self.program, preferences, self._environment)
        return await FirefoxSession.begin(PROCESSES.keep(key, started).address)


def _start(program: str, preferences: Mapping[str, str], environment: Mapping[str, str]) -> Process:
    profile = make_profile()
    lines = [f'user_pref("{name}", {value});\n' for name, value in preferences.items()]
    (profile / "user.js").write_text("".join(lines))
    options = ["--headless", "--no-remote", "--remote-debugging-port", "0"]
    command = [program, *options, "--profile", str(profile)]
    return Process(command, _LISTENING, profile, environment)


class FirefoxPage(Page):
    """A tab."""

    def __init__(self, session: "FirefoxSession", context: str, javascript: bool) -> None:
        super().__init__()
        self.context = context
        self._javascript = javascript
        self.session = session
        session.pages[context] = self

    async def evaluate(self, expression: str) -> Any:
        # BiDi has its own notation for values; as text they arrive as they are.
        text_of = "(async () => JSON.stringify(await ({})))()"
        if not self._javascript:
            # No promise is ever kept there.
            text_of = "JSON.stringify({})"
        answer = await self.session.command(
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
        answer = await self.session.command(
            "browsingContext.captureScreenshot", context=self.context
        )
        return base64.b64decode(answer["data"])

    async def close(self) -> None:
        del self.session.pages[self.context]
        await self.session.command("browsingContext.close", context=self.context)


class FirefoxSession:
    """A connection, and the pages that were opened over it."""

    def __init__(
        self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        self.pages: dict[str, FirefoxPage] = {}
        self._http = http
        self._socket = socket
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def begin(cls, address: str) -> "FirefoxSession":
        """Connect, and open a session."""
        http = aiohttp.ClientSession()
        try:
            # A screenshot is one message.
            socket = await http.ws_connect(f"{address}/session", max_msg_size=0)
            self = cls(http, socket)
            await self.command("session.new", capabilities={})
            await self.command("session.subscribe", events=["log.entryAdded"])
        except BaseException:
            await http.close()
            raise
        return self

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its result."""
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(_COMMAND_SECONDS):
            return await answer

    async def end(self) -> None:
        """Close its pages, and the session."""
        try:
            users = await self.command("browser.getUserContexts")
            for user in users["userContexts"]:
                if user["userContext"] != "default":
                    await self.command("browser.removeUserContext", **user)
            await self.command("session.end")
        finally:
            await self._socket.close()
            await self._http.close()
            await self._reader

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
