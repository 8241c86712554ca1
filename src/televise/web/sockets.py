"""Sockets: how a request becomes a WebSocket."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import WebSocketError, WSCloseCode, web
from aiohttp.http_websocket import WebSocketWriter

from televise.web.limits import Allowance
from televise.web.viewer import Viewer

MAX_MESSAGE_BYTES = 4096
# Nobody needs more pings and pongs a second, nor more at once; aiohttp answers each, and lets
# nothing else run before it has answered all that have come.
CONTROLS_A_SECOND, CONTROLS_AT_ONCE = 20.0, 40
# Nor more frames that hold next to nothing, such as a long message in fragments of one byte.
SMALL_BYTES = 64
SMALL_A_SECOND, SMALL_AT_ONCE = 500.0, 1000
_CONTROL = 0x08
# RFC 6455 section 5.5: what a close frame may hold, without its code.
MAX_REASON_BYTES = 123
# RFC 6455 section 7.4.2: from 4000 to this one, codes are for private use.
MAX_CODE = 4999


class Masked(web.WebSocketResponse):
    """A WebSocket whose client must mask what it sends (RFC 6455 section 5.1), and must not close
    it with a code that nobody may send (section 7.4): else it is closed with 1002; nor may it send
    frames without end that hold nothing: else it is closed with 1008. aiohttp asks none of it."""

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
    """aiohttp's parser, which gets nothing more once a frame has come that must not."""

    def __init__(
        self, parser: Any, queue: Any, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._parser = parser
        self._queue = queue
        self._clock = clock
        self._head = bytearray()
        # Of the frame that is being received: what is still to come behind its first bytes.
        self._left = 0
        self._wrong = False
        self._controls = Allowance(CONTROLS_A_SECOND, CONTROLS_AT_ONCE)
        self._small = Allowance(SMALL_A_SECOND, SMALL_AT_ONCE)

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """The next bytes of the client."""
        if not self._wrong:
            try:
                self._check(data, self._clock())
            except WebSocketError as error:
                self._wrong = True
                self._queue.set_exception(error)
        return (True, b"") if self._wrong else self._parser.feed_data(data)

    def feed_eof(self) -> None:
        """Nothing more will come."""
        self._parser.feed_eof()

    def _check(self, data: bytes, now: float) -> None:
        """Look at the first bytes of each frame in it. WebSocketError."""
        position = 0
        while position < len(data):
            skipped = min(self._left, len(data) - position)
            self._left -= skipped
            position += skipped
            while position < len(data) and not self._left:
                self._head.append(data[position])
                position += 1
                if len(self._head) == 2:
                    self._judge(self._head[0], self._head[1], now)
                self._measure()

    def _judge(self, first: int, second: int, now: float) -> None:
        """What the first two bytes of a frame tell. WebSocketError."""
        if not second & 0x80:
            raise WebSocketError(WSCloseCode.PROTOCOL_ERROR, "what a client sends must be masked")
        if first & _CONTROL and not self._controls.take(now):
            raise WebSocketError(WSCloseCode.POLICY_VIOLATION, "too many pings")
        if second & 0x7F < SMALL_BYTES and not self._small.take(now):
            raise WebSocketError(WSCloseCode.POLICY_VIOLATION, "too many frames of a few bytes")

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
