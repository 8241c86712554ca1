"""Sockets: how a request becomes a WebSocket."""

from collections.abc import Sequence

from aiohttp import web

from televise.web.pump import Viewer

MAX_MESSAGE_BYTES = 4096
# RFC 6455 section 5.5: what a close frame may hold, without its code.
MAX_REASON_BYTES = 123


class WebSocket(web.WebSocketResponse):
    """Its viewer gets nothing more once it is being closed, by whichever side."""

    viewer: Viewer | None = None

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        if self.viewer is not None:
            self.viewer.stop()
        return await super().close(code=code, message=message, drain=drain)


_KEY = web.RequestKey("websocket", WebSocket)


async def upgrade(request: web.Request, protocols: Sequence[str]) -> WebSocket:
    """Answer with a WebSocket; of the subprotocols that are asked for, one of these is granted."""
    opened: WebSocket | None = request.get(_KEY)
    if opened is not None:
        return opened  # its key came by it
    websocket = WebSocket(
        protocols=protocols, compress=False, max_msg_size=MAX_MESSAGE_BYTES, timeout=1.0
    )
    await websocket.prepare(request)
    request[_KEY] = websocket
    return websocket


def is_websocket(request: web.Request) -> bool:
    """Whether this is the beginning of a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def reason_of(text: str) -> bytes:
    """As much of a reason as a close frame may hold, in whole letters."""
    return text.encode()[:MAX_REASON_BYTES].decode(errors="ignore").encode()
