"""flask: the page and the stream of the well-known tutorial about video streaming with Flask."""

from collections.abc import Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.page import page, picture
from televise.dialects.pictures import Multipart
from televise.web.edge import Edge
from televise.web.parts import Parts

MULTIPART = Multipart(Parts("frame"))


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    async def index(request: web.Request) -> web.StreamResponse:
        return page("Video Streaming", picture("/video_feed", channel_of(request, "").name))

    async def stream(request: web.Request) -> web.StreamResponse:
        return await MULTIPART.answer(edge, request, channel_of(request, ""))

    return [[web.get("/", index), web.get("/video_feed", stream)]]


DIALECT = Dialect(
    "flask",
    (5000,),
    ("GET / : a page with the picture", "GET /video_feed : multipart JPEG without end"),
    routes,
)
