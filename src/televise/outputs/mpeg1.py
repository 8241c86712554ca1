"""``/NAME.m1v``: MPEG-1 video without sound, for players of the ``jsmp`` protocol among others."""

from functools import lru_cache

from aiohttp import web

from televise.errors import FormatError
from televise.formats import mpeg1
from televise.formats.websocket import binary_frame
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web import envelope
from televise.web.edge import Edge, Way
from televise.web.query import parse_query

EXTENSION = "m1v"
MIME = "video/mpeg"
MAX_LATENCY_SECONDS = 1.0


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        query = parse_query(request.query_string)
        rendition = query.rendition("mpeg1video")
        latency = MAX_LATENCY_SECONDS if query.max_latency is None else query.max_latency
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await edge.socket(request, rendition, latency, BareMessages, ToldMessages)
        return await edge.endless(request, rendition, latency, Way(Endless, MIME))

    return [web.get(f"/{{name}}.{EXTENSION}", answer)]


class Endless(Muxer):
    """The elementary stream; each keyframe begins with a sequence header."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        pass

    def mux(self, packet: Packet) -> Chunk:
        """One picture."""
        return Chunk(packet.data, b"", packet.keyframe, packet.seconds)


class BareMessages(Muxer):
    """The ``jsmp`` protocol, a header and then one picture per WebSocket message.

    The header is the very same object in each epoch of one size, so that nobody gets it twice.
    A picture that breaks the rules is left out, and with it all that need it.
    """

    one_init = True

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._init = _header(tracks[0].width, tracks[0].height)
        self._whole = False

    def mux(self, packet: Packet) -> Chunk:
        """One picture, or nothing."""
        keyframe = self._check(packet)
        data = binary_frame(packet.data) if self._whole else b""
        return Chunk(data, self._init, keyframe, packet.seconds)

    def _check(self, packet: Packet) -> bool:
        try:
            keyframe = mpeg1.check_jsmp(packet.data)
        except FormatError:
            self._whole = False
            return False
        self._whole |= keyframe
        return keyframe


class ToldMessages(Muxer):
    """WebSocket messages of ``televise.v1``."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._track = tracks[0]
        self._init = envelope.init(epoch, MIME, b"")

    def mux(self, packet: Packet) -> Chunk:
        """A text that says what follows, and the picture."""
        data = envelope.chunk(packet, self._track, packet.data)
        return Chunk(data, self._init, packet.keyframe, packet.seconds)


@lru_cache(maxsize=64)
def _header(width: int, height: int) -> bytes:
    return binary_frame(mpeg1.jsmp_header(width, height))
