"""MainLink: one rendition of a channel, from the hub to a fan-out process.

It comes by a Unix socket, from which each message goes to whoever takes it at once: every fan-out
process does this for every picture, and so there is no task, queue or timer in between.
"""

import asyncio
import os
from pathlib import Path

from televise.errors import FormatError, PeerError, Unavailable
from televise.formats.websocket import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TRY_LATER,
    FrameReader,
    masked_frame,
    parse_close,
    upgrade_fields,
)
from televise.hub.relays.link_client import CONNECT_SECONDS, HELLO, KEYFRAME, MAX_MEDIA_BYTES, Take
from televise.link.protocol import SUBPROTOCOL, Receiver

MAX_HEAD_BYTES = 65_536


class MainLink(asyncio.Protocol):
    """Asks the hub, which calls itself ``host``, for ``path``, and gives what it says to ``take``
    until that is enough."""

    def __init__(self, host: str, path: str, take: Take) -> None:
        self._host, self._path = host, path
        self._take = take
        self._head = bytearray()
        self._upgraded = False
        self._frames = FrameReader(MAX_MEDIA_BYTES)
        self._receiver = Receiver("provider")
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    async def run(self, socket: Path) -> None:
        """Until it is enough, or cancelled. PeerError says why it has ended before, Unavailable
        that it cannot be made there; OSError, TimeoutError."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await loop.create_unix_connection(lambda: self, str(socket))
            await self._ended
        finally:
            self._ended.cancel()
            if self._transport is not None:
                self._transport.abort()

    async def want_keyframe(self) -> None:
        """Ask for one; nothing where the link is gone, as `run` tells."""
        self._send(BINARY, KEYFRAME)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        lines = [f"GET {self._path} HTTP/1.1", f"Host: {self._host}"]
        lines += [*upgrade_fields(os.urandom(16), SUBPROTOCOL), "", ""]
        transport.write("\r\n".join(lines).encode())

    def data_received(self, data: bytes) -> None:
        try:
            if self._upgraded or (data := self._begin(data)):
                self._understand(data)
        except Exception as error:  # what it sends is no use to who takes it: that is told there
            self._end(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or PeerError("it has closed the connection"))

    def _begin(self, data: bytes) -> bytes:
        """What follows the head of the answer. PeerError."""
        self._head += data
        head, blank, rest = bytes(self._head).partition(b"\r\n\r\n")
        if not blank:
            if len(head) > MAX_HEAD_BYTES:
                raise FormatError("no head of an answer")
            return b""
        status = head.split(maxsplit=2)[1:2]
        if status != [b"101"]:
            raise PeerError(f"it answers {b''.join(status).decode('latin-1')}")
        self._upgraded = True
        self._send(BINARY, HELLO)
        return rest

    def _understand(self, data: bytes) -> None:
        for opcode, payload in self._frames.feed(data):
            if opcode == BINARY:
                if any(map(self._take, self._receiver.feed(payload))):
                    self._end(None)
                    return
            elif opcode == PING:
                self._send(PONG, payload)
            elif opcode == CLOSE:
                raise _ending(payload)

    def _send(self, opcode: int, payload: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(masked_frame(opcode, payload, os.urandom(4)))

    def _end(self, error: Exception | None) -> None:
        if self._ended.done():
            return
        if error is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(error)
        if self._transport is not None:
            self._transport.abort()


def _ending(payload: bytes) -> PeerError | Unavailable:
    """Of a close frame."""
    code, reason = parse_close(payload)
    if code == TRY_LATER:
        return Unavailable(reason or "the hub cannot make it")
    return PeerError(reason or "it has closed the connection")
