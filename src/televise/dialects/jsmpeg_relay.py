"""jsmpeg_relay: MPEG-TS with MPEG-1 video and MP2 sound over WebSocket, and a way in for it.

The original published on one port and showed on the other; here both do both.
"""

from collections.abc import Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.page import page, picture
from televise.dialects.pictures import Multipart
from televise.dialects.talk import Silence, beside, converse
from televise.errors import Forbidden, Unauthorized, WrongSecret
from televise.ingest.shared import SharedSeats
from televise.model.rendition import Rendition
from televise.outputs.mpegts import BareMessages
from televise.web.dialogue import Wish
from televise.web.edge import Edge
from televise.web.parts import OURS
from televise.web.trust.guard import public

MAX_LATENCY_SECONDS = 1.0
MULTIPART = Multipart(OURS)


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""
    seats = SharedSeats(edge.seats)

    async def answer(request: web.Request) -> web.StreamResponse:
        wish = Wish(Rendition("mpeg1video", "mp2"), BareMessages, MAX_LATENCY_SECONDS)
        return await converse(edge, request, channel_of(request, ""), _Player(wish))

    @public
    async def publish(request: web.Request) -> web.StreamResponse:
        """``/SECRET``, as the original; the secret is a key. A wrong one gets 403, as there. Two
        may come: one with pictures, and one with sound."""
        secret, name = request.match_info["path"].partition("/")[0], channel_of(request, "").name
        try:
            return await seats.receive(request, name, secret)
        except Unauthorized as error:
            raise (WrongSecret if secret else Forbidden)(str(error)) from None

    async def index(request: web.Request) -> web.StreamResponse:
        return page("JSMpeg", picture("/stream.mjpg", channel_of(request, "").name))

    async def stream(request: web.Request) -> web.StreamResponse:
        return await MULTIPART.answer(edge, request, channel_of(request, ""))

    both = [
        web.get("/", beside(index, answer)),
        web.get("/stream.mjpg", beside(stream, answer)),
        web.get("/{path:.*}", answer),
        web.post("/{path:.*}", publish),
        web.put("/{path:.*}", publish),
    ]
    return [both, both]


class _Player(Silence):
    # Most of its clients ask for it, and Chromium wants an answer.
    protocols: Sequence[str] = ("null",)


DIALECT = Dialect(
    "jsmpeg_relay",
    (8081, 8082),
    (
        "WebSocket /... : MPEG-TS with MPEG-1 video and MP2; subprotocol null where it is asked",
        "GET / : a page with the picture",
        "POST /SECRET : MPEG-TS, the secret being a key for publishing; one may send the pictures "
        "and another the sound",
    ),
    routes,
)
