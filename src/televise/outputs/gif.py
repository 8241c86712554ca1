"""``/NAME.gif``: a GIF that never ends, or one of its frames per WebSocket message."""

from functools import lru_cache

from aiohttp import web

from televise.errors import InputError
from televise.formats import gif
from televise.formats.websocket import binary_frame
from televise.hub.muxed import Chunk
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from televise.web import envelope
from televise.web.edge import Edge, Way
from televise.web.query import MAX_BURST_SECONDS, parse_query

EXTENSION = "gif"
MIME = "image/gif"
MAX_LATENCY_SECONDS = 0.5
DEFAULT_WIDTH, DEFAULT_FPS = 480, 10
# Browsers show each frame for 20 ms; the rest is to catch up with.
MAX_FPS = 40


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        query = parse_query(request.query_string)
        rendition = query.rendition("gif", w=DEFAULT_WIDTH, fps=DEFAULT_FPS)
        if rendition.fps > MAX_FPS:
            raise InputError(f"fps={rendition.fps:g}: a GIF shows at most {MAX_FPS} a second")
        latency = MAX_LATENCY_SECONDS if query.max_latency is None else query.max_latency
        return await _send(edge, request, rendition, max(latency, query.burst), query.burst)

    return [web.get(f"/{{name}}.{EXTENSION}", answer)]


async def _send(
    edge: Edge, request: web.Request, rendition: Rendition, latency: float, burst: float
) -> web.StreamResponse:
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return await edge.endless(request, rendition, latency, Way(Endless, MIME), burst=burst)
    return await edge.socket(request, rendition, latency, BareMessages, ToldMessages, burst=burst)


class Endless:
    """Muxer: the header and all frames, one after another.

    A file has one header; that is why the same one goes on where only the epoch is new.
    """

    keep_seconds = MAX_BURST_SECONDS
    one_init = True

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._track = tracks[0]
        self._init = self._frame_init(epoch)

    def mux(self, packet: Packet) -> Chunk:
        """One frame."""
        return Chunk(self._frame(packet), self._init, packet.keyframe, packet.seconds)

    def _frame_init(self, epoch: int) -> bytes:
        return _header(self._track.width, self._track.height)

    def _frame(self, packet: Packet) -> bytes:
        return packet.data


class BareMessages(Endless):
    """Muxer: the header and each frame as one binary WebSocket message."""

    def _frame_init(self, epoch: int) -> bytes:
        return binary_frame(super()._frame_init(epoch))

    def _frame(self, packet: Packet) -> bytes:
        return binary_frame(packet.data)


class ToldMessages(Endless):
    """Muxer: WebSocket messages of ``televise.v1``."""

    one_init = False

    def _frame_init(self, epoch: int) -> bytes:
        return envelope.init(epoch, MIME, super()._frame_init(epoch))

    def _frame(self, packet: Packet) -> bytes:
        return envelope.chunk(packet, self._track, packet.data)


@lru_cache(maxsize=64)
def _header(width: int, height: int) -> bytes:
    """The very same bytes for the same size, by which a viewer is known to have them."""
    return gif.header(width, height)
