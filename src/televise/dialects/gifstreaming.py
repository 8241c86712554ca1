"""gifstreaming: every URL is an endless GIF."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.each import Each
from televise.formats import gif
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from televise.web.edge import Edge, Way
from televise.web.query import parse_query

DEFAULT_WIDTH, DEFAULT_FPS = 480, 10
MAX_LATENCY_SECONDS = 0.5


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    async def stream(request: web.Request) -> web.StreamResponse:
        query = parse_query(request.query_string)
        latency = MAX_LATENCY_SECONDS if query.max_latency is None else query.max_latency
        latency = max(latency, query.burst)
        rendition = _with_defaults(query.rendition("gif"))
        way, channel = Way(Frames, "image/gif"), channel_of("")
        return await edge.endless(
            request, rendition, latency, way, channel=channel, burst=query.burst
        )

    return [[web.get("/{path:.*}", stream)]]


def _with_defaults(asked: Rendition) -> Rendition:
    width = asked.w if asked.w or asked.h else DEFAULT_WIDTH
    return replace(asked, w=width, fps=asked.fps or DEFAULT_FPS)


class Frames(Each):
    """Muxer: the header, then frames; a file has one header only."""

    one_init = True

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        super().__init__(_data, _header(tracks[0].width, tracks[0].height))


def _data(packet: Packet) -> bytes:
    return packet.data


@lru_cache(maxsize=64)
def _header(width: int, height: int) -> bytes:
    """The very same bytes for the same size, so that they are not taken for another header."""
    return gif.header(width, height)


DIALECT = Dialect(
    "gifstreaming",
    (8080,),
    ("GET /... : a GIF without end, from the newest whole picture on; ?burst=10s for the past",),
    routes,
)
