"""``/NAME.m1v``: MPEG-1 video without sound, for players of the ``jsmp`` protocol among others."""

from functools import lru_cache

from aiohttp import web

from televise.errors import FormatError
from televise.formats import mpeg1
from televise.formats.websocket import binary_frame
from televise.hub.each import Each
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web import envelope
from televise.web.edge import Edge
from televise.web.forms import Forms, Way
from televise.web.query import parse_query

EXTENSION = "m1v"
MIME = "video/mpeg"
MAX_LATENCY_SECONDS = 1.0


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""
    forms = Forms(Way(endless, MIME), BareMessages, told)

    async def answer(request: web.Request) -> web.StreamResponse:
        query = parse_query(request.query_string)
        rendition = query.rendition("mpeg1video")
        latency = query.latency(MAX_LATENCY_SECONDS)
        return await edge.stream(request, rendition, latency, forms)

    return [web.get(f"/{{name}}.{EXTENSION}", answer)]


def endless(epoch: int, tracks: tuple[Track, ...]) -> Muxer:
    """The elementary stream; each keyframe begins with a sequence header."""
    return Each(lambda packet: packet.data)


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


def told(epoch: int, tracks: tuple[Track, ...]) -> Muxer:
    """WebSocket messages of ``televise.v1``: a text that says what follows, and the picture."""
    return Each(
        lambda packet: envelope.chunk(packet, tracks[0], packet.data),
        envelope.init(epoch, MIME, b""),
    )


@lru_cache(maxsize=64)
def _header(width: int, height: int) -> bytes:
    return binary_frame(mpeg1.jsmp_header(width, height))
