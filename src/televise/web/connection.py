"""Connection: one accepted socket; aiohttp speaks on it, and a pump may write to it."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable
from typing import Protocol

# Data that the other side has not acknowledged for so long means that it is gone.
UNACKNOWLEDGED_MILLISECONDS = 8_000
# What the kernel may hold back unsent: what a slow viewer sees late is little more than this.
UNSENT_BYTES = 16_384
_TCP_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", 25)
_OPTIONS = (
    ("TCP_NODELAY", 1),
    ("TCP_KEEPIDLE", 10),
    ("TCP_KEEPINTVL", 5),
    ("TCP_KEEPCNT", 3),
    ("TCP_USER_TIMEOUT", UNACKNOWLEDGED_MILLISECONDS),
)


class Writing(Protocol):
    """Whoever wants to know when the socket takes more, and when it is gone."""

    def pause(self) -> None:
        """The socket takes no more now."""

    def resume(self) -> None:
        """The socket takes more again."""

    def lost(self) -> None:
        """The socket is gone."""


class Connection(asyncio.Protocol):
    """Stands between the transport and aiohttp's protocol, and hears what happens to writing."""

    def __init__(
        self,
        accepted: socket.socket,
        handler: asyncio.Protocol,
        closed: "Callable[[Connection], None]",
    ) -> None:
        self.socket = accepted
        self._handler = handler
        self._closed = closed
        # Nearly always one; a wall has one for each channel.
        self.writers: list[Writing] = []
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        # `pause_writing` comes as soon as the kernel does not take everything.
        transport.set_write_buffer_limits(high=0)
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self._handler.eof_received()

    def pause_writing(self) -> None:
        self._handler.pause_writing()
        for writer in self.writers:
            writer.pause()

    def resume_writing(self) -> None:
        self._handler.resume_writing()
        for writer in self.writers:
            writer.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self._handler.connection_lost(exc)
        for writer in self.writers:
            writer.lost()
        self._closed(self)


def set_options(connection: socket.socket) -> None:
    """Send at once, hold little back, and notice a peer that is gone; where the system can."""
    connection.setblocking(False)
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS:
        option = getattr(socket, name, None)
        if option is not None:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, option, value)
    if sys.platform == "linux":
        connection.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, UNSENT_BYTES)
