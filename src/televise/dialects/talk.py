"""Talk: WebSockets whose clients listen, and say little or nothing."""

from collections.abc import AsyncIterator, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

from televise.errors import FormatError
from televise.hub.channel import Channel
from televise.web.dialogue import Dialogue, Wish
from televise.web.edge import Edge
from televise.web.sockets import MAX_MESSAGE_BYTES, is_websocket
from televise.web.viewer import Viewer


class Silence:
    """A dialogue in which the client gets ``wish`` and has nothing to say."""

    protocols: Sequence[str] = ()
    max_bytes = MAX_MESSAGE_BYTES
    max_at_once = 20

    def __init__(self, wish: Wish, pace: float = 0.0) -> None:
        self._wish = wish
        self.pace = pace

    async def wish(self, websocket: web.WebSocketResponse, said: AsyncIterator[str]) -> Wish:
        return self._wish

    def heard(self, text: str, viewer: Viewer) -> None:
        raise FormatError("nothing may be said here")


def beside(page: Handler, socket: Handler) -> Handler:
    """A ``page`` at an address where a ``socket`` is, too."""

    async def choose(request: web.Request) -> web.StreamResponse:
        return await (socket if is_websocket(request) else page)(request)

    return choose


async def converse(
    edge: Edge, request: web.Request, channel: Channel, dialogue: Dialogue
) -> web.StreamResponse:
    """Answer with a WebSocket, and nothing else."""
    if not is_websocket(request):
        raise web.HTTPUpgradeRequired(
            text="this is for WebSockets only\n", headers={"Upgrade": "websocket"}
        )
    return await edge.converse(request, channel, dialogue)
