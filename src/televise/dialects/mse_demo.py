"""mse_demo: one WebSocket with H.264 in fMP4, ``ftyp`` and ``moov`` as messages of their own."""

from collections.abc import Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.fragments import SEQUENCE_SECONDS, Shared, message_per_box
from televise.dialects.player import player, script
from televise.dialects.talk import Silence, converse
from televise.model.rendition import Rendition
from televise.web.dialogue import Wish
from televise.web.edge import Edge

WISH = Wish(Rendition("h264"), Shared(message_per_box), SEQUENCE_SECONDS)


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await converse(edge, request, channel_of(request, ""), Silence(WISH))

    async def index(request: web.Request) -> web.StreamResponse:
        return player(channel_of(request, "").name, "/ws/")

    return [[web.get("/", index), web.get("/player.js", script), web.get("/ws/", answer)]]


DIALECT = Dialect(
    "mse_demo",
    (8089,),
    (
        "WebSocket /ws/ : ftyp, moov, then H.264 fragments, each a message",
        "GET / : a page that plays it",
    ),
    routes,
)
