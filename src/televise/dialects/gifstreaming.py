"""gifstreaming: every URL is an endless GIF."""

from collections.abc import Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.web.edge import Edge
from televise.web.endless_gif import MIME, EndlessGif, parse_gif_query
from televise.web.forms import Way


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    async def stream(request: web.Request) -> web.StreamResponse:
        query = parse_gif_query(request.query_string)
        way, channel = Way(EndlessGif, MIME), channel_of(request, "")
        return await edge.endless(
            request, query.rendition, query.max_latency, way, channel=channel, burst=query.burst
        )

    return [[web.get("/{path:.*}", stream)]]


DIALECT = Dialect(
    "gifstreaming",
    (8080,),
    ("GET /... : a GIF without end, from the newest whole picture on; ?burst=10s for the past",),
    routes,
)
