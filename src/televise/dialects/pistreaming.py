"""pistreaming: a page on one port, and on the next but one MPEG-1 video as ``jsmp``."""

from collections.abc import Sequence
from functools import lru_cache

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.page import page, picture
from televise.dialects.pictures import Multipart
from televise.dialects.talk import Silence, converse
from televise.errors import FormatError
from televise.formats import mpeg1
from televise.formats.websocket import binary_frame
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from televise.web.edge import Edge, Wish

RENDITION = Rendition("mpeg1video")
MAX_LATENCY_SECONDS = 1.0
MULTIPART = Multipart("televise")


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    async def root(request: web.Request) -> web.StreamResponse:
        raise web.HTTPMovedPermanently("/index.html")

    async def index(request: web.Request) -> web.StreamResponse:
        return page("pistreaming", picture("/stream.mjpg", channel_of(request, "").name))

    async def stream(request: web.Request) -> web.StreamResponse:
        return await MULTIPART.answer(edge, request, channel_of(request, ""))

    async def socket(request: web.Request) -> web.StreamResponse:
        return await converse(
            edge,
            request,
            channel_of(request, ""),
            Silence(Wish(RENDITION, Jsmp, MAX_LATENCY_SECONDS)),
        )

    pages = [
        web.get("/", root),
        web.get("/index.html", index),
        web.get("/stream.mjpg", stream),
    ]
    return [pages, [web.get("/{path:.*}", socket)]]


class Jsmp(Muxer):
    """The header, then one picture per message; its page cannot change the size.

    A picture that breaks the rules is left out, and with it all that need it.
    """

    one_init = True

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._header = _header(tracks[0].width, tracks[0].height)
        self._whole = False

    def mux(self, packet: Packet) -> Chunk:
        try:
            keyframe = mpeg1.check_jsmp(packet.data)
        except FormatError:
            keyframe = self._whole = False
        self._whole |= keyframe
        data = binary_frame(packet.data) if self._whole else b""
        return Chunk(data, self._header, keyframe, packet.seconds)


@lru_cache(maxsize=64)
def _header(width: int, height: int) -> bytes:
    """The very same bytes for the same size, so that nobody gets them twice."""
    return binary_frame(mpeg1.jsmp_header(width, height))


DIALECT = Dialect(
    "pistreaming",
    (8082, 8084),
    (
        "GET / : 301 to /index.html, a page with the picture",
        "WebSocket /... on the second port : the jsmp header, then MPEG-1, a picture per message",
    ),
    routes,
)
