"""Pictures: JPEG over HTTP, one, or as multipart/x-mixed-replace with an original's boundary."""

from aiohttp import web

from televise.hub.channel import Channel
from televise.model.packet import Packet
from televise.web.edge import Edge
from televise.web.newest import newest
from televise.web.parts import MAX_LATENCY_SECONDS, Parts
from televise.web.query import parse_query

# What several originals say, to the letter.
OLD_HEADERS = {
    "Cache-Control": "no-store, no-cache, must-revalidate, pre-check=0, post-check=0, max-age=0",
    "Connection": "close",
    "Expires": "Mon, 3 Jan 2000 12:34:56 GMT",
    "Pragma": "no-cache",
}


class Multipart:
    """Answers with pictures in ``parts``."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(
        self, edge: Edge, request: web.Request, channel: Channel
    ) -> web.StreamResponse:
        """The pictures of ``channel``, as the query wants them."""
        query = parse_query(request.query_string)
        rendition, latency = query.rendition("mjpeg"), query.latency(MAX_LATENCY_SECONDS)
        way = self._parts.way(request)
        return await edge.endless(request, rendition, latency, way, channel=channel)


async def asked_newest(edge: Edge, request: web.Request, channel: Channel) -> Packet:
    """The newest picture, as the query wants it; Unavailable where there is none."""
    rendition = parse_query(request.query_string).rendition("mjpeg")
    return await newest(edge, request, channel, rendition)
