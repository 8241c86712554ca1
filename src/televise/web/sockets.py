"""Sockets: how a request becomes a WebSocket."""

from collections.abc import Sequence
from typing import Any

from aiohttp import WebSocketError, WSCloseCode, web
from aiohttp.http_websocket import WebSocketWriter

from televise.web.viewer import Viewer

MAX_MESSAGE_BYTES = 4096
# RFC 6455 section 5.5: what a close frame may hold, without its code.
MAX_REASON_BYTES = 123
# RFC 6455 section 7.4.2: from 4000 to this one, codes are for private use.
MAX_CODE = 4999


class Masked(web.WebSocketResponse):
    """A WebSocket whose client must mask what it sends (RFC 6455 section 5.1), and must not close
    it with a code that nobody may send (section 7.4), neither of which aiohttp asks of it: else it
    is closed with 1002."""

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        said = self.close_code or 0
        if said == WSCloseCode.ABNORMAL_CLOSURE or said > MAX_CODE:
            code = WSCloseCode.PROTOCOL_ERROR
        return await super().close(code=code, message=message, drain=drain)

    def _post_start(
        self, request: web.BaseRequest, protocol: str | None, writer: WebSocketWriter
    ) -> None:
        handler = request.protocol
        early, handler._message_tail = handler._message_tail, b""
        super()._post_start(request, protocol, writer)
        assert self._reader is not None
        handler._payload_parser = Checked(handler._payload_parser, self._reader)
        if early:
            handler._payload_parser.feed_data(early)


class Checked:
    """aiohttp's parser, which gets nothing more once a frame has come without a mask."""

    def __init__(self, parser: Any, queue: Any) -> None:
        self._parser = parser
        self._queue = queue
        self._head = bytearray()
        # Of the frame that is being received: what is still to come behind its first bytes.
        self._left = 0
        self._wrong = False

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """The next bytes of the client."""
        if not self._wrong and not self._are_masked(data):
            self._wrong = True
            self._queue.set_exception(
                WebSocketError(WSCloseCode.PROTOCOL_ERROR, "what a client sends must be masked")
            )
        return (True, b"") if self._wrong else self._parser.feed_data(data)

    def feed_eof(self) -> None:
        """Nothing more will come."""
        self._parser.feed_eof()

    def _are_masked(self, data: bytes) -> bool:
        """Look at the first bytes of each frame in it."""
        position = 0
        while position < len(data):
            skipped = min(self._left, len(data) - position)
            self._left -= skipped
            position += skipped
            while position < len(data) and not self._left:
                self._head.append(data[position])
                position += 1
                if len(self._head) == 2 and not self._head[1] & 0x80:
                    return False
                self._measure()
        return True

    def _measure(self) -> None:
        """How long the frame is, once that is known."""
        if len(self._head) < 2:
            return
        length = self._head[1] & 0x7F
        more = {126: 2, 127: 8}.get(length, 0)
        if len(self._head) == 2 + more:
            size = int.from_bytes(self._head[2:], "big") if more else length
            self._left = 4 + size
            self._head.clear()


class WebSocket(Masked):
    """Its viewer gets nothing more once it is being closed, by whichever side."""

    viewer: Viewer | None = None

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        if self.viewer is not None:
            self.viewer.stop()
        return await super().close(code=code, message=message, drain=drain)


_KEY = web.RequestKey("websocket", WebSocket)


async def upgrade(
    request: web.Request, protocols: Sequence[str], max_bytes: int = MAX_MESSAGE_BYTES
) -> WebSocket:
    """Answer with a WebSocket; of the subprotocols that are asked for, one of these is granted.
    A message of ``max_bytes`` is taken, a longer one closes it with 1009."""
    opened: WebSocket | None = request.get(_KEY)
    if opened is not None:
        return opened  # its key came by it
    # aiohttp refuses what has as much as its limit.
    websocket = WebSocket(
        protocols=protocols, compress=False, max_msg_size=max_bytes + 1, timeout=1.0
    )
    await websocket.prepare(request)
    request[_KEY] = websocket
    return websocket


def is_websocket(request: web.Request) -> bool:
    """Whether this is the beginning of a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def reason_of(text: str) -> bytes:
    """As much of a reason as a close frame may hold, in whole letters; strangers' texts may have
    halves of them."""
    whole = text.encode(errors="replace")
    return whole[:MAX_REASON_BYTES].decode(errors="ignore").encode()
