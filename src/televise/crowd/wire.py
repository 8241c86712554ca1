"""Wire: one connection of one viewer, which reads as fast as it is told to."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from televise.errors import FormatError
from televise.formats.websocket import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    FrameReader,
    masked_frame,
    parse_close,
    upgrade_fields,
)

MAX_HEAD_BYTES = 65_536
MAX_MESSAGE_BYTES = 32 << 20
# How often one that reads slowly takes its share.
SHARE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect, and what to say there; ``token`` is a key. ``viewer`` is what one calls
    itself who watches over HTTP; ``last``: it is the only request there."""

    host: str
    port: int
    path: str
    websocket: bool = False
    secure: bool = False
    token: str = ""
    viewer: str = ""
    last: bool = False

    @property
    def request(self) -> bytes:
        """The whole request."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {shown}:{self.port}"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        if self.last:
            lines.append("Connection: close")
        if self.viewer:
            lines.append(f"X-Televise-Viewer: {self.viewer}")
        if self.websocket:
            lines += upgrade_fields(os.urandom(16), "televise.v1")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Hearing(Protocol):
    """Who wants to know what comes."""

    def opened(self, head: "Head") -> None:
        """The answer has begun."""

    def body(self, data: bytes) -> None:
        """Bytes of an answer over HTTP. FormatError ends the connection."""

    def message(self, opcode: int, payload: bytes) -> None:
        """A WebSocket message, or its end. FormatError likewise."""

    def gone(self, reason: str) -> None:
        """The connection has ended: '' by ourselves."""


@dataclass(frozen=True, slots=True)
class Head:
    """Of an answer: its status, and whether ``televise.v1`` was granted."""

    status: int
    told: bool


class Wire(asyncio.Protocol):
    """Says ``first``, and gives what is answered to ``hearing``.

    ``rate()`` is how many bytes a second it reads, 0 for as many as come.
    """

    def __init__(
        self, address: Address, first: bytes, hearing: Hearing, rate: Callable[[], float]
    ) -> None:
        self._address = address
        self._first = first
        self._hearing = hearing
        self._rate = rate
        self._buffer = bytearray()
        self._frames = FrameReader(MAX_MESSAGE_BYTES)
        self._head: Head | None = None
        self._reason = "the hub has closed it"
        self._timer: asyncio.TimerHandle | None = None
        self._taken = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._first)

    def data_received(self, data: bytes) -> None:
        self._taken += len(data)
        try:
            self._understand(data)
        except (FormatError, KeyError, TypeError, ValueError, IndexError) as error:
            self.end(f"not understood: {error}")
        self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        reason = "reset" if exc is not None else self._reason
        self._hearing.gone(reason if self._reason else "")

    def end(self, reason: str = "") -> None:
        """End it at once."""
        self._reason = reason
        if self.transport is not None:
            self.transport.abort()

    def stop(self) -> None:
        """Read nothing from now on."""
        if self._timer is not None:
            self._timer.cancel()
        if self.transport is not None and self.transport.is_reading():
            self.transport.pause_reading()

    def go(self) -> None:
        """Read all that comes from now on."""
        self._rate = _fast
        self._go_on()

    def send(self, opcode: int, payload: bytes) -> None:
        """A WebSocket frame, masked as those of clients are."""
        if self.transport is None or self.transport.is_closing():
            return
        self.transport.write(masked_frame(opcode, payload, os.urandom(4)))

    def _rest(self) -> None:
        """Where it has read its share, it reads no more until that is used up."""
        rate = self._rate()
        if not rate or self.transport is None or self.transport.is_closing():
            return
        if self._taken >= rate * SHARE_SECONDS:
            self.transport.pause_reading()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._taken / rate, self._go_on)
            self._taken = 0

    def _go_on(self) -> None:
        transport = self.transport
        if transport is not None and not transport.is_closing() and not transport.is_reading():
            transport.resume_reading()

    def _understand(self, data: bytes) -> None:
        if self._head is None:
            self._buffer += data
            if not self._read_head():
                return
            data = bytes(self._buffer)
            self._buffer.clear()
        if not self._address.websocket:
            self._hearing.body(data)
            return
        for opcode, payload in self._frames.feed(data):
            self._heard(opcode, payload)

    def _heard(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.send(PONG, payload)
        elif opcode == CLOSE:
            code, reason = parse_close(payload)
            self.end(f"closed with {code}: {reason}")
        elif opcode in (TEXT, BINARY):
            self._hearing.message(opcode, payload)

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise FormatError("no head of an answer")
            return False
        text = bytes(self._buffer[:end]).decode("latin-1").lower()
        del self._buffer[: end + 4]
        status = int(text.split(maxsplit=2)[1])
        self._head = Head(status, "sec-websocket-protocol: televise.v1" in text)
        if status != (101 if self._address.websocket else 200):
            self.end(f"answered {status}")
            return False
        self._hearing.opened(self._head)
        return True


async def connect(
    address: Address,
    hearing: Hearing,
    *,
    first: bytes | None = None,
    rate: Callable[[], float] | None = None,
    receive_buffer: int = 0,
) -> Wire:
    """A connection; with a ``receive_buffer`` the kernel takes hardly more than that. OSError."""
    loop = asyncio.get_running_loop()
    [*found] = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    family, _, _, _, place = found[0]
    plain = socket.socket(family, socket.SOCK_STREAM)
    try:
        plain.setblocking(False)
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await loop.sock_connect(plain, place)
        said = address.request if first is None else first
        _, wire = await loop.create_connection(
            lambda: Wire(address, said, hearing, rate or _fast),
            sock=plain,
            ssl=ssl.create_default_context() if address.secure else None,
            server_hostname=address.host if address.secure else None,
        )
    except BaseException:
        plain.close()
        raise
    return wire


def _fast() -> float:
    return 0.0
