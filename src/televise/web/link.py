"""The link for other hubs: ``/api/link`` says which channels there are, ``/api/link/NAME`` carries
one rendition of one, ``/api/link/NAME/look`` some seconds of its past. Only what is watched there
crosses.

A relay is a viewer: it is fed by a pump, and the one rule of loss holds for it too.
"""

import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import WSMsgType, web

from televise.errors import FormatError, InputError, PeerError, TeleviseError
from televise.formats.strict_json import parse_json
from televise.formats.websocket import NOT_UNDERSTOOD, TRY_LATER, binary_frame
from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.hub.look_back import LookBack
from televise.hub.muxed import Chunk
from televise.hub.policy import MAX_REPLAY_SECONDS
from televise.hub.relays.link_messages import SUBSCRIPTION, LinkMessages, missing
from televise.hub.relays.told import MAX_REPORT_BYTES
from televise.link.messages import Ended, Epoch, Hello, Keyframe, Media, Message, Note
from televise.link.protocol import SUBPROTOCOL, VERSION, Receiver, encode
from televise.model.dropped import Dropped
from televise.model.name import is_node
from televise.model.rendition import Rendition
from televise.web.announcer import Announcer
from televise.web.connections.connection import Connection
from televise.web.edge import Edge
from televise.web.leaving import leaving
from televise.web.limits import Allowance
from televise.web.past import MAX_LENGTH_SECONDS, WAIT_SECONDS
from televise.web.pump import Pump
from televise.web.share import OWN_PROCESS
from televise.web.sockets import Masked, reason_of, upgrade
from televise.web.trust.access import access_of
from televise.web.trust.guard import needs
from televise.web.viewer import Viewer

MAX_LATENCY_SECONDS = 1.0
BEGIN_SECONDS = 2.0
MAX_RENDITION_BYTES = 1000


class LinkViewer(Viewer):
    """Another hub, ``node``, that takes ``rendition``; ``bytes`` counts what it was given."""

    relays = True
    node = ""
    rendition = Rendition("h264")

    def __init__(self, pump: Pump, connection: Connection, max_latency: float) -> None:
        super().__init__(pump, connection, max_latency)
        self.bytes = 0
        # What each is given is counted, as it passes `put`.
        self.bare = None

    def write(self, chunk: Chunk) -> None:
        """The same, counted."""
        self.bytes += len(chunk.data)
        super().write(chunk)

    def tell_skips(self, count: int, dropped: Dropped) -> None:
        """In words of the link."""
        self.transport.write(binary_frame(missing(dropped + Dropped(slow=count))))

    def put(self, data: bytes) -> None:
        """The same, counted."""
        self.bytes += len(data)
        super().put(data)


class Link:
    """Answers other hubs: those that have a key for it, and where everybody may watch those that
    have none, as they see no more than every viewer."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def routes(self) -> list[web.RouteDef]:
        """What this answers."""
        return [
            web.get("/api/link", self._announce),
            web.get("/api/link/{name}", self._carry),
            web.get("/api/link/{name}/look", self._look),
        ]

    @needs("relay", some=True)
    async def _announce(self, request: web.Request) -> web.StreamResponse:
        allowed = access_of(request).allows
        async with self._edge.admitted(request):
            websocket = Masked(
                protocols=[SUBPROTOCOL], compress=False, max_msg_size=MAX_REPORT_BYTES, timeout=1.0
            )
            await websocket.prepare(request)
            await Announcer(self._edge, websocket, allowed, request.remote or "").run()
        return websocket

    @needs("relay")
    async def _carry(self, request: web.Request) -> web.StreamResponse:
        channel, rendition = self._channel(request), _rendition(request)
        async with self._edge.admitted(request), self._edge.counted(request, channel):
            return await self._feed(request, channel, rendition)

    async def _feed(
        self, request: web.Request, channel: Channel, rendition: Rendition
    ) -> web.StreamResponse:
        websocket = await upgrade(request, [SUBPROTOCOL])
        try:
            with self._edge.acquired(channel, rendition) as encoding:
                async with self._fed(request, channel, encoding) as viewer:
                    websocket.viewer = viewer
                    await self._begin(viewer, encoding)
                    await _listen(websocket, lambda: channel.want_keyframe(encoding))
        except PeerError as error:
            await websocket.close(code=NOT_UNDERSTOOD, message=reason_of(str(error)))
        except TeleviseError as error:
            await _refuse(websocket, error)
        return websocket

    @asynccontextmanager
    async def _fed(
        self, request: web.Request, channel: Channel, encoding: Encoding
    ) -> AsyncIterator[Viewer]:
        """A viewer, who is told what the source says of its pictures too."""
        muxer = ProcessMessages if request.get(OWN_PROCESS) else LinkMessages
        async with self._edge.fed(
            request, channel, encoding, muxer, MAX_LATENCY_SECONDS, LinkViewer
        ) as viewer:
            assert isinstance(viewer, LinkViewer)
            viewer.websocket, viewer.rendition = True, encoding.rendition
            viewer.node = _node(request)

            def tell(channel: Channel, captured: int, text: str) -> None:
                viewer.tell(binary_frame(encode(Note(captured, text))), "note")

            channel.note_listeners.add(tell)
            try:
                yield viewer
            finally:
                channel.note_listeners.discard(tell)

    async def _begin(self, viewer: Viewer, encoding: Encoding) -> None:
        viewer.transport.write(binary_frame(encode(Hello(VERSION))))
        await self._edge.begun(encoding, BEGIN_SECONDS)
        if encoding.refusal:
            viewer.end(TRY_LATER, encoding.refusal)
        else:
            viewer.start()

    @needs("relay")
    async def _look(self, request: web.Request) -> web.StreamResponse:
        channel, rendition = self._channel(request), _rendition(request)
        ago = _seconds(request, "ago", MAX_REPLAY_SECONDS)
        length = _seconds(request, "length", MAX_LENGTH_SECONDS)
        async with self._edge.admitted(request):
            websocket = await upgrade(request, [SUBPROTOCOL])
            try:
                look = channel.look_back(rendition, ago, length)
                with leaving(request, look.leave):
                    await look.wait(WAIT_SECONDS)
                await _send(websocket, look)
            except TeleviseError as error:
                await _refuse(websocket, error)
        return websocket

    def _channel(self, request: web.Request) -> Channel:
        return self._edge.hub.channel(request.match_info["name"])


class ProcessMessages(LinkMessages):
    """The same for our own fan-out processes, which count what their viewers are given."""

    counted = False


async def _listen(websocket: web.WebSocketResponse, want_keyframe: Callable[[], None]) -> None:
    """Hear the other hub until it goes: a wish for a keyframe is all that it may say. PeerError."""
    allowance, receiver = Allowance(), Receiver("consumer")
    async for message in websocket:
        if not allowance.take(time.monotonic()):
            raise FormatError("too many messages: ten a second are enough")
        if message.type != WSMsgType.BINARY:
            raise FormatError("only messages of the link are understood")
        for said in receiver.feed(message.data):
            if isinstance(said, Keyframe):
                want_keyframe()
            elif not isinstance(said, Hello):
                raise FormatError("only keyframes can be asked for here")


async def _send(websocket: web.WebSocketResponse, look: LookBack) -> None:
    epoch = Epoch(SUBSCRIPTION, look.epoch, look.tracks)
    media = [Media(SUBSCRIPTION, packet) for packet in look.packets]
    messages: list[Message] = [Hello(VERSION), epoch, *media, Ended(SUBSCRIPTION)]
    for message in messages:
        await websocket.send_bytes(encode(message))
    await websocket.close()


async def _refuse(websocket: web.WebSocketResponse, error: TeleviseError) -> None:
    await websocket.close(code=TRY_LATER, message=reason_of(str(error)))


def _rendition(request: web.Request) -> Rendition:
    text = request.query.get("rendition", "")
    if len(text) > MAX_RENDITION_BYTES:
        raise InputError("rendition: a JSON object of a few values")
    try:
        return Rendition.from_json(parse_json(text))
    except FormatError as error:
        raise InputError(f"rendition: {error}") from None


def _seconds(request: web.Request, key: str, most: float) -> float:
    text = request.query.get(key, "")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text) or float(text) > most:
        raise InputError(f"{key}: from 0 to {most:.0f} seconds, as in {key}=2.5")
    return float(text)


def _node(request: web.Request) -> str:
    """Which hub it says it is."""
    node = request.query.get("node", "")
    return node if is_node(node) else ""
