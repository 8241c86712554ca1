"""pistreaming: a page on one port, and on the next but one MPEG-1 video as ``jsmp``."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.page import page, picture
from televise.dialects.pictures import Multipart
from televise.dialects.talk import Silence, converse
from televise.hub.channel import Channel
from televise.model.rendition import Rendition
from televise.outputs.mpeg1 import BareMessages
from televise.web.dialogue import Wish
from televise.web.edge import Edge
from televise.web.parts import OURS

RENDITION = Rendition("mpeg1video")
MAX_LATENCY_SECONDS = 1.0
MULTIPART = Multipart(OURS)
# Of the original, which had no other size.
SIZE = 640, 480
COLOR, BACKGROUND = "#444", "#333"


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
            Silence(Wish(RENDITION, BareMessages, MAX_LATENCY_SECONDS)),
        )

    pages = [
        web.get("/", root),
        web.get("/index.html", index),
        web.get("/stream.mjpg", stream),
    ]
    return [pages, [web.get("/{path:.*}", socket)]]


def words(request: web.Request, channel: Channel, ports: Sequence[int]) -> Mapping[str, str]:
    """What the original's ``index.html`` asks for, ``ADDRESS`` or ``WS_PORT`` by its age."""
    host = (request.url.host or "").partition("%")[0]
    sizes = [(each.width, each.height) for each in channel.tracks if each.kind == "video"]
    width, height = sizes[0] if sizes else SIZE
    return {
        "ADDRESS": f"{f'[{host}]' if ':' in host else host}:{ports[1]}",
        "WS_PORT": str(ports[1]),
        "WIDTH": str(width),
        "HEIGHT": str(height),
        "COLOR": COLOR,
        "BGCOLOR": BACKGROUND,
    }


DIALECT = Dialect(
    "pistreaming",
    (8082, 8084),
    (
        "GET / : 301 to /index.html, a page with the picture",
        "WebSocket /... on the second port : the jsmp header, then MPEG-1, a picture per message",
    ),
    routes,
    words=words,
)
