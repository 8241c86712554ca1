"""The wall: many channels as small pictures over one WebSocket, ``/api/wall``.

A browser opens six connections to a server and no more, so a page of thirty players needs this.
The client says ``watch`` and ``unwatch``; see docs/design/protocol.md.
"""

import asyncio
import contextlib
import time
from functools import cache
from typing import Any

import aiohttp
from aiohttp import web

from televise import events
from televise.errors import TeleviseError, UnknownChannel
from televise.formats.websocket import NOT_UNDERSTOOD, RESTARTING, UNSUPPORTED
from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.hub.muxed import Chunk, MakeMuxer, Muxer
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from televise.web import envelope
from televise.web.edge import Edge
from televise.web.limits import Allowance
from televise.web.message import number_of, parse_message, text_of
from televise.web.said import ONLY_TEXT, note_sent_away, send_away
from televise.web.sockets import upgrade
from televise.web.trust.access import access_of
from televise.web.trust.guard import needs
from televise.web.viewer import Viewer

MIME = "image/jpeg"
MAX_CHANNELS = 100
MAX_NAME = 64
# Thirty players are put on a page at once.
MESSAGES_A_SECOND, BURST = 20.0, 60.0


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this answers."""

    @needs("view", some=True)
    async def answer(request: web.Request) -> web.StreamResponse:
        async with edge.admitted(request):
            websocket = await upgrade(request, [envelope.SUBPROTOCOL])
            await Wall(edge, request, websocket).run()
        return websocket

    return [web.get("/api/wall", answer)]


class Wall:
    """One connection, and the channels that it watches."""

    def __init__(self, edge: Edge, request: web.Request, websocket: web.WebSocketResponse) -> None:
        self._edge = edge
        self._request = request
        self._websocket = websocket
        self._watching: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until the client goes."""
        self._say(envelope.hello("", "live", "", self._edge.version))
        allowance = Allowance(MESSAGES_A_SECOND, BURST)
        try:
            async for message in self._websocket:
                if message.type == aiohttp.WSMsgType.ERROR:
                    note_sent_away(self._request, str(message.data))  # aiohttp has closed it
                elif not allowance.take(time.monotonic()):
                    await self._send_away(NOT_UNDERSTOOD, "too many messages")
                elif message.type == aiohttp.WSMsgType.TEXT:
                    await self._heard(message.data)
                else:
                    await self._send_away(UNSUPPORTED, ONLY_TEXT)
        finally:
            for task in self._watching.values():
                task.cancel()
            await asyncio.gather(*self._watching.values(), return_exceptions=True)

    async def _heard(self, text: str) -> None:
        try:
            self._take(parse_message(text))
        except TeleviseError as error:
            await self._send_away(NOT_UNDERSTOOD, f"not a message of a wall: {error}")

    def _take(self, message: dict[str, Any]) -> None:
        """FormatError where it cannot be meant; UnknownChannel, Forbidden."""
        kind = message["type"]
        if kind == "watch":
            self._watch(message)
        elif kind == "unwatch":
            self._unwatch(_name(message))
        elif kind == "clock":
            self._say(envelope.clock(number_of(message, "client"), time.time() * 1000))
        elif kind == "report":
            self._reported(message)

    def _reported(self, message: dict[str, Any]) -> None:
        # Of a channel that has gone the last picture may still be on screen.
        with contextlib.suppress(UnknownChannel):
            self._edge.reported(self._channel(_name(message)).name, message)

    def _channel(self, name: str) -> Channel:
        """UnknownChannel, Forbidden."""
        access_of(self._request).check(name)
        return self._edge.hub.channel(name)

    def _watch(self, message: dict[str, Any]) -> None:
        name = _name(message)
        self._unwatch(name)
        if len(self._watching) >= MAX_CHANNELS:
            self._say(envelope.error(name, f"a wall has at most {MAX_CHANNELS} channels"))
            return
        wish = {key: message[key] for key in ("w", "h", "fps", "q") if message.get(key)}
        task = asyncio.get_running_loop().create_task(self._show(name, wish))
        self._watching[name] = task

    def _unwatch(self, name: str) -> None:
        if task := self._watching.pop(name, None):
            task.cancel()

    async def _show(self, name: str, wish: dict[str, Any]) -> None:
        """One channel, until it is unwatched."""
        edge = self._edge
        try:
            channel = self._channel(name)
            async with edge.counted(self._request, channel):
                with edge.acquired(channel, _rendition(wish)) as encoding:
                    await self._feed(channel, encoding)
        except TeleviseError as error:
            self._say(envelope.error(name, str(error)))
        except ConnectionError:
            pass
        except Exception:
            events.error("a channel of a wall failed")

    async def _feed(self, channel: Channel, encoding: Encoding) -> None:
        state, text = channel.state, channel.public_text
        self._say(envelope.state(channel.name, state, text, channel.seconds))
        muxer = _muxer(channel.name)
        async with self._edge.fed(
            self._request, channel, encoding, muxer, 0.0, WallViewer
        ) as viewer:
            viewer.told = viewer.websocket = True
            viewer.start()
            await viewer.closed

    def _say(self, text: bytes) -> None:
        transport = self._request.transport
        if transport is not None and not transport.is_closing():
            transport.write(text)

    async def _send_away(self, code: int, reason: str) -> None:
        await send_away(self._request, self._websocket, code, reason)


class WallViewer(Viewer):
    """One channel of a wall: its end is not that of the connection, unless the server stops."""

    def end(self, code: int, reason: str) -> None:
        """Say that this channel cannot be had."""
        if code == RESTARTING:
            super().end(code, reason)
        elif not self.closed.done():
            self.tell(envelope.error(self.channel, reason), "error")
            self.stop()
            self.closed.set_result(None)


class WallMessages(Muxer):
    """JPEG pictures, each with a text that names its channel."""

    def __init__(self, channel: str, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._channel = channel
        self._track = tracks[0]
        self._init = envelope.init(epoch, MIME, b"", channel)

    def mux(self, packet: Packet) -> Chunk:
        """One picture."""
        data = envelope.chunk(packet, self._track, packet.data, self._channel)
        return Chunk(data, self._init, True, packet.seconds)


@cache
def _muxer(channel: str) -> MakeMuxer:
    """The same object for all walls, so that they share what it makes."""
    return lambda epoch, tracks: WallMessages(channel, epoch, tracks)


def _name(message: dict[str, Any]) -> str:
    return text_of(message, "channel")[:MAX_NAME]


def _rendition(wish: dict[str, Any]) -> Rendition:
    """FormatError, InputError."""
    numbers = {key: number_of(wish, key) for key in wish}
    w, h, q = (int(numbers.get(key, 0)) for key in ("w", "h", "q"))
    return Rendition("mjpeg", w=w, h=h, q=q, fps=numbers.get("fps", 0))
