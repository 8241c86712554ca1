"""berrymse: one WebSocket with H.264 in fMP4, for a page that waits for nothing."""

from collections.abc import Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.fragments import from_zero
from televise.dialects.player import player, script
from televise.dialects.talk import Silence, converse
from televise.model.rendition import Rendition
from televise.web.edge import Edge

# Its page loses what comes while its SourceBuffer is busy.
PACE_SECONDS = 0.02


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        wish = from_zero(Rendition("h264"))
        return await converse(edge, request, channel_of(request, ""), Silence(wish, PACE_SECONDS))

    async def index(request: web.Request) -> web.StreamResponse:
        return player(channel_of(request, "").name, "/websocket")

    return [
        [web.get("/", index), web.get("/player.js", script), web.get("/websocket", answer)],
    ]


DIALECT = Dialect(
    "berrymse",
    (2020,),
    (
        "WebSocket /websocket : H.264 in fMP4, a fragment per message",
        "GET / : a page that plays it",
    ),
    routes,
)
