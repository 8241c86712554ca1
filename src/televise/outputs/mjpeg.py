"""``/NAME.mjpg``: JPEG pictures, as multipart/x-mixed-replace or one per WebSocket message."""

from aiohttp import web

from televise.formats.websocket import binary_frame
from televise.hub.each import Each
from televise.hub.muxed import Muxer
from televise.model.track import Track
from televise.web import envelope
from televise.web.edge import Edge
from televise.web.forms import Forms
from televise.web.parts import MAX_LATENCY_SECONDS, MIME, OURS
from televise.web.query import parse_query

EXTENSION = "mjpg"


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        query = parse_query(request.query_string)
        rendition, latency = query.rendition("mjpeg"), query.latency(MAX_LATENCY_SECONDS)
        return await edge.stream(request, rendition, latency, Forms(OURS.way(request), bare, told))

    return [web.get(f"/{{name}}.{EXTENSION}", answer)]


def bare(epoch: int, tracks: tuple[Track, ...]) -> Muxer:
    """WebSocket messages that are nothing but JPEG."""
    return Each(lambda packet: binary_frame(packet.data))


def told(epoch: int, tracks: tuple[Track, ...]) -> Muxer:
    """WebSocket messages of ``televise.v1``: a text that says what follows, and the picture."""
    return Each(
        lambda packet: envelope.chunk(packet, tracks[0], packet.data),
        envelope.init(epoch, MIME, b""),
    )
