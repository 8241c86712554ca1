"""The link for other hubs: ``/api/link`` says which channels there are, ``/api/link/NAME`` carries
one rendition of one. Only what is watched there crosses.

A relay is a viewer: it is fed by a pump, and the one rule of loss holds for it too.
"""

import asyncio
import json
import time
from typing import Any

import aiohttp
from aiohttp import web

from televise.errors import FormatError, InputError
from televise.formats.websocket import binary_frame, text_frame
from televise.hub.channel import Channel
from televise.hub.muxed import Chunk
from televise.link.messages import Epoch, Hello, Media, Refused
from televise.link.protocol import VERSION, encode
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from televise.web.edge import Edge, upgrade
from televise.web.limits import Allowance

SUBPROTOCOL = "televise.link.v1"
MAX_LATENCY_SECONDS = 1.0
# What is said of the channels is said again so often, as a sign of life.
ANNOUNCE_SECONDS = 2.0
# Several changes at once are one announcement.
SETTLE_SECONDS = 0.05
BEGIN_SECONDS = 2.0
MAX_RENDITION_BYTES = 1000
# There is one subscription per connection.
SUBSCRIPTION = 1


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this answers."""

    async def announce(request: web.Request) -> web.StreamResponse:
        with edge.admitted(request):
            websocket = await upgrade(request, [SUBPROTOCOL])
            await Announcer(edge, websocket).run()
        return websocket

    async def carry(request: web.Request) -> web.StreamResponse:
        channel = edge.hub.channel(request.match_info["name"])
        return await _carry(edge, request, channel, _rendition(request))

    return [web.get("/api/link", announce), web.get("/api/link/{name}", carry)]


class Announcer:
    """Tells one other hub what channels there are, at each change."""

    def __init__(self, edge: Edge, websocket: web.WebSocketResponse) -> None:
        self._edge = edge
        self._websocket = websocket
        self._changed = asyncio.Event()
        self._peer = ""

    async def run(self) -> None:
        """Until the other hub goes."""
        hub = self._edge.hub
        hub.on_channel(self._hear)
        telling = asyncio.create_task(self._tell())
        try:
            allowance = Allowance()
            async for message in self._websocket:
                if message.type == aiohttp.WSMsgType.TEXT and allowance.take(time.monotonic()):
                    self._heard(message.data)
                else:
                    break
        finally:
            hub.off_channel(self._hear)
            for channel in hub.channels:
                channel.listeners.discard(self._note)
            self._edge.peers.pop(self._peer, None)
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    def _hear(self, channel: Channel) -> None:
        channel.listeners.add(self._note)
        self._changed.set()

    def _note(self, channel: Channel) -> None:
        self._changed.set()

    async def _tell(self) -> None:
        while True:
            self._changed.clear()
            text = json.dumps(announcement(self._edge))
            await self._websocket.send_str(text)
            try:
                await asyncio.wait_for(self._changed.wait(), ANNOUNCE_SECONDS)
                await asyncio.sleep(SETTLE_SECONDS)
            except TimeoutError:
                continue

    def _heard(self, text: str) -> None:
        """The other hub says what it is, and who watches there."""
        try:
            message = json.loads(text)
            node, viewers = str(message["node"]), dict(message["viewers"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return
        if len(node) <= 64:
            self._peer = node
            self._edge.peers[node] = {str(name): int(count) for name, count in viewers.items()}


def announcement(edge: Edge) -> dict[str, Any]:
    """All channels, and through which hubs each has come, the newest last."""
    return {
        "node": edge.hub.node,
        "channels": [
            {
                "name": channel.name,
                "state": channel.state,
                "text": channel.text,
                "path": [*channel.path, edge.hub.node],
                "tracks": [track.to_json() for track in channel.tracks],
            }
            for channel in edge.hub.channels
        ],
    }


async def _carry(
    edge: Edge, request: web.Request, channel: Channel, rendition: Rendition
) -> web.StreamResponse:
    async with edge.watching(request, channel, rendition) as encoding:
        websocket = await upgrade(request, [SUBPROTOCOL])
        async with edge.fed(
            request, channel, encoding, LinkMessages, MAX_LATENCY_SECONDS
        ) as viewer:
            websocket.viewer = viewer
            viewer.websocket = True
            viewer.transport.write(binary_frame(encode(Hello(VERSION))))
            await edge.begun(encoding, BEGIN_SECONDS)
            if encoding.refusal:
                refused = Refused(SUBSCRIPTION, encoding.refusal)
                viewer.transport.write(binary_frame(encode(refused)))
            viewer.start()
            async for message in websocket:
                _answer_clock(message, viewer.transport)
    return websocket


def _answer_clock(message: aiohttp.WSMessage, transport: asyncio.Transport) -> None:
    """``{"clock": ...}`` is answered with our own time, in Unix nanoseconds."""
    try:
        asked = float(json.loads(message.data)["clock"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return
    text = json.dumps({"clock": asked, "ours": time.time_ns()})
    if not transport.is_closing() and not transport.get_write_buffer_size():
        transport.write(text_frame(text))


def _rendition(request: web.Request) -> Rendition:
    text = request.query.get("rendition", "")
    if len(text) > MAX_RENDITION_BYTES:
        raise InputError("rendition: a JSON object of a few values")
    try:
        return Rendition.from_json(json.loads(text))
    except (ValueError, FormatError, RecursionError) as error:
        raise InputError(f"rendition: {error}") from None


class LinkMessages:
    """Muxer: each packet as one link message, before them the epoch."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._init = binary_frame(encode(Epoch(SUBSCRIPTION, epoch, tracks)))

    def mux(self, packet: Packet) -> Chunk:
        """One message."""
        data = binary_frame(encode(Media(SUBSCRIPTION, packet)))
        return Chunk(data, self._init, packet.keyframe, packet.seconds)
