"""``/NAME.jpg`` and ``/NAME.png``: the newest picture, or the one of a while ago."""

from typing import Any

from aiohttp import web

from televise.errors import InputError
from televise.formats.multipart import timestamp
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.web.edge import Edge
from televise.web.newest import newest
from televise.web.past import look_back, parse_past
from televise.web.query import parse_query

CODECS = {"jpg": "mjpeg", "png": "png"}
TYPES = {"jpg": "image/jpeg", "png": "image/png"}
# It is encoded for each request anew: one picture is enough.
_DEFAULTS: dict[str, dict[str, Any]] = {"png": {"fps": 1}}


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        extension = request.path.rpartition(".")[2]
        query, codec = parse_query(request.query_string), CODECS[extension]
        rendition = query.rendition(codec, **_DEFAULTS.get(codec, {}))
        packet = await _packet(edge, request, rendition)
        return web.Response(
            body=packet.data,
            content_type=TYPES[extension],
            headers={
                "Cache-Control": "no-store",
                "X-Timestamp": timestamp(packet.captured),
            },
        )

    return [web.get(f"/{{name}}.{extension}", answer) for extension in CODECS]


async def _packet(edge: Edge, request: web.Request, rendition: Rendition) -> Packet:
    if past := parse_past(request.query):
        if past.length:
            raise InputError("d= is for clips (.gif, .mp4); a picture has only t=, as in t=-30s")
        return (await look_back(edge, request, rendition, past)).packets[-1]
    channel = edge.hub.channel(request.match_info["name"])
    return await newest(edge, request, channel, rendition)
