"""websocketlivestream: pages and WebSockets on one port; stream N is the N-th channel.

The original's page announces High 3.1 whatever it gets, and browsers play all the same what the
source has (see `player`), so it need not be encoded again.
"""

import re
from collections.abc import Sequence

from aiohttp import web

from televise.dialects.dialect import ChannelOf, Dialect, Routes
from televise.dialects.fragments import SEQUENCE_SECONDS, Shared
from televise.dialects.numbered import numbered
from televise.dialects.page import page
from televise.dialects.player import player, script
from televise.dialects.talk import Silence, converse
from televise.errors import FormatError
from televise.hub.channel import Channel
from televise.model.rendition import Rendition
from televise.web.dialogue import Wish
from televise.web.edge import Edge
from televise.web.sockets import is_websocket
from televise.web.viewer import Viewer

WISH = Wish(Rendition("h264"), Shared(), SEQUENCE_SECONDS)
_SAID = re.compile(r"(start|stop)Stream([1-9][0-9]{0,8})?")


def routes(edge: Edge, channel_of: ChannelOf) -> Sequence[Routes]:
    """What this dialect answers."""

    def nth(request: web.Request, number: int) -> Channel:
        return numbered(edge, channel_of, request, number, 1)

    async def index(request: web.Request) -> web.StreamResponse:
        if is_websocket(request):
            return await converse(edge, request, nth(request, 1), Buttons("1"))
        numbers = range(1, 1 + len(edge.hub.channels))
        links = (f'<li><a href="/stream{number}">Stream {number}</a></li>' for number in numbers)
        return page("WebSocket live stream", f"<ul>{''.join(links)}</ul>")

    async def stream(request: web.Request) -> web.StreamResponse:
        number = request.match_info["number"]
        channel = nth(request, int(number))
        if is_websocket(request):
            return await converse(edge, request, channel, Buttons(number))
        return player(f"Stream {number}: {channel.name}", f"/stream{number}")

    return [
        [
            web.get("/", index),
            web.get("/player.js", script),
            web.get("/stream{number:[1-9][0-9]{0,8}}", stream),
        ]
    ]


class Buttons(Silence):
    """The page's buttons: its stream may be stopped, and started again."""

    def __init__(self, number: str) -> None:
        super().__init__(WISH)
        self._number = number
        self._runs = True

    def heard(self, text: str, viewer: Viewer) -> None:
        said = _SAID.fullmatch(text)
        if said is None:
            raise FormatError("only startStreamN and stopStreamN may be said here")
        starts = said[1] == "start"
        if said[2] not in (None, self._number) or starts == self._runs:
            return
        self._runs = starts
        if starts:
            viewer.start()
        else:
            viewer.stop()


DIALECT = Dialect(
    "websocketlivestream",
    (8020,),
    (
        "GET /, /stream1, /stream2, ... : pages; stream N is the N-th channel",
        "WebSocket /, /stream1, /stream2, ... : H.264 in fMP4; startStreamN and stopStreamN",
    ),
    routes,
)
