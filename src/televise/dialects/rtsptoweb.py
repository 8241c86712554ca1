"""rtsptoweb: fMP4 over WebSocket, after one message with the codecs."""

from collections.abc import Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.fragments import Entries, from_zero, one_message
from televise.dialects.player import player, script
from televise.dialects.talk import Silence, converse
from televise.formats import mp4
from televise.formats.websocket import binary_frame
from televise.model.rendition import Rendition
from televise.web.edge import Edge

CODECS = b"\x09"


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        channel = channel_of(request, request.match_info["uuid"])
        # A second message with codecs would be an error for its page.
        wish = from_zero(Rendition("h264", "aac"), _with_codecs)
        return await converse(edge, request, channel, Silence(wish))

    async def index(request: web.Request) -> web.StreamResponse:
        name = channel_of(request, "").name
        return player(name, f"/stream/{name}/channel/0/mse")

    sockets = web.get(r"/stream/{uuid}/channel/{number:\d+}/mse", answer)
    return [[web.get("/", index), web.get("/player.js", script), sockets]]


def _with_codecs(entries: Entries, segment: bytes) -> bytes:
    _, codecs, _ = mp4.mime(entries).split('"')
    return binary_frame(CODECS + codecs.encode()) + one_message(entries, segment)


DIALECT = Dialect(
    "rtsptoweb",
    (8083,),
    (
        "WebSocket /stream/CHANNEL/channel/0/mse : 0x09 and the codecs, then H.264 and AAC in fMP4",
        "GET / : a page that plays the first channel",
    ),
    routes,
)
