"""plain: a WebSocket at every URL, with fMP4 for ever; the client may speak, nobody listens."""

from collections.abc import Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.fragments import from_zero
from televise.dialects.player import player, script
from televise.dialects.talk import Silence, beside, converse
from televise.model.rendition import Rendition
from televise.web.edge import Edge
from televise.web.viewer import Viewer

# Such pages lose what comes while their SourceBuffer is busy.
PACE_SECONDS = 0.02


class _Monologue(Silence):
    def heard(self, text: str, viewer: Viewer) -> None:
        """Whatever it is that the client asks for: it has it already."""


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        wish = from_zero(Rendition("h264"))
        return await converse(
            edge, request, channel_of(request, ""), _Monologue(wish, PACE_SECONDS)
        )

    async def index(request: web.Request) -> web.StreamResponse:
        return player(channel_of(request, "").name, "/")

    return [
        [
            web.get("/", beside(index, answer)),
            web.get("/player.js", beside(script, answer)),
            web.get("/{path:.*}", answer),
        ]
    ]


DIALECT = Dialect(
    "plain",
    (8000,),
    ("WebSocket /... : H.264 in fMP4, a fragment per message", "GET / : a page that plays it"),
    routes,
)
