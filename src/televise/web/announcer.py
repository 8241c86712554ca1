"""Announcer: tells another hub what channels there are, and hears what that hub says of itself."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web

from televise import events
from televise.errors import FormatError
from televise.formats.strict_json import parse_json
from televise.formats.websocket import NOT_UNDERSTOOD
from televise.hub.channel import Channel
from televise.hub.relays.announcement import announcement, as_text
from televise.hub.relays.upstream import AS_BEFORE
from televise.model import refusals
from televise.web.edge import Edge
from televise.web.limits import Allowance
from televise.web.peers import Report, parse_report
from televise.web.sockets import reason_of

# It is said again so often: what is new, or only that we are still here.
ANNOUNCE_SECONDS = 2.0
# Several changes at once are one announcement.
SETTLE_SECONDS = 0.05


class Announcer:
    """One connection to a hub at ``address`` that takes channels from here: those that are
    ``allowed``, and of no other it may tell who watches."""

    def __init__(
        self,
        edge: Edge,
        websocket: web.WebSocketResponse,
        allowed: Callable[[str], bool],
        address: str,
    ) -> None:
        self._edge = edge
        self._websocket = websocket
        self._allowed = allowed
        self._address = address
        self._changed = asyncio.Event()
        self._report: Report | None = None

    async def run(self) -> None:
        """Until the other hub goes."""
        hub = self._edge.hub
        hub.on_channel(self._hear)
        telling = asyncio.create_task(self._tell())
        try:
            await self._listen()
        finally:
            hub.off_channel(self._hear)
            for channel in hub.channels:
                channel.listeners.discard(self._note)
            self._forget()
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    def _hear(self, channel: Channel) -> None:
        channel.listeners.add(self._note)
        self._changed.set()

    def _note(self, channel: Channel) -> None:
        self._changed.set()

    async def _tell(self) -> None:
        said = ""
        with contextlib.suppress(ConnectionError):
            while True:
                self._changed.clear()
                text = as_text(self._announcement())
                await self._websocket.send_str(AS_BEFORE if text == said else text)
                said = text
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ANNOUNCE_SECONDS):
                        await self._changed.wait()
                    await asyncio.sleep(SETTLE_SECONDS)

    def _announcement(self) -> dict[str, Any]:
        hub = self._edge.hub
        return announcement(hub.node, [each for each in hub.channels if self._allowed(each.name)])

    async def _listen(self) -> None:
        allowance = Allowance()
        async for message in self._websocket:
            try:
                if not allowance.take(time.monotonic()):
                    raise FormatError("too many messages: ten a second are enough")
                if message.type != aiohttp.WSMsgType.TEXT:
                    raise FormatError("only text is understood")
                await self._heard(parse_json(message.data), len(message.data))
            except FormatError as error:
                events.warning("a relay was sent away", reason=str(error))
                await self._websocket.close(code=NOT_UNDERSTOOD, message=reason_of(str(error)))

    async def _heard(self, values: Any, size: int) -> None:
        """Who the other hub is, and who watches there. Its clock is answered with ours. A report
        that is none costs nobody the link: it may pass on what strangers told it."""
        try:
            report = parse_report(values, self._allowed, size)
        except FormatError as error:
            refusals.counts["reports"] += 1
            events.warning("what a relay reports is left out", reason=str(error))
            return
        if self._report is not None and self._report.node != report.node:
            raise FormatError("a hub has one name")
        self._report = report
        self._edge.census.hear(report, self._address)
        answer = {"clock": report.clock, "time": time.time_ns()}
        await self._websocket.send_str(json.dumps(answer))

    def _forget(self) -> None:
        """Its viewers are gone, unless it is here by another connection already."""
        if self._report is not None:
            self._edge.census.forget(self._report, self._address)
