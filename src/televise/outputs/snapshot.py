"""``/NAME.jpg``: the newest picture."""

from aiohttp import web

from televise.errors import Unavailable
from televise.web.edge import Edge
from televise.web.query import parse_query

EXTENSION = "jpg"
WAIT_SECONDS = 5.0


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        query = parse_query(request.query_string)
        rendition = query.rendition("mjpeg")
        channel = edge.hub.channel(request.match_info["name"])
        async with edge.watching(request, channel, rendition) as encoding:
            await edge.begun(encoding, WAIT_SECONDS)
            packet = encoding.log.newest
        if encoding.refusal:
            raise Unavailable(f"{channel.name}: {encoding.refusal}")
        if packet is None:
            raise Unavailable(f"{channel.name} has no picture now: it is {channel.state}")
        return web.Response(
            body=packet.data,
            content_type="image/jpeg",
            headers={
                "Cache-Control": "no-store",
                "X-Timestamp": f"{packet.captured / 1e9:.6f}",
            },
        )

    return [web.get(f"/{{name}}.{EXTENSION}", answer)]
