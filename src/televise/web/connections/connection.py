"""Connection: one accepted socket; aiohttp speaks on it, and a pump may write to it."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, Protocol

from televise.web.connections.backlog import Backlog
from televise.web.connections.places import Place

# An answer that has an end must be taken by this much in this time; a pump has its own rule.
TAKEN_BYTES, TAKEN_SECONDS = 10_000, 10.0
# Of TLS, when one side says goodbye.
SHUTDOWN_SECONDS = 1.0
# To who is silent when its place is needed.
REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 38\r\n\r\n"
    b"too many connections: try again later\n"
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
        backlog: Backlog,
    ) -> None:
        self.socket = accepted
        self._handler = handler
        self._closed = closed
        self._backlog = backlog
        # Nearly always one; a wall has one for each channel.
        self.writers: list[Writing] = []
        self._full = False
        # Called when it is lost, of those who wait for an answer.
        self.leavers: set[Callable[[], None]] = set()
        self.transport: asyncio.Transport | None = None
        # Whence it came, and as what it was let in.
        self.address, self.place = "", Place.USUAL
        self._heard = False
        # What there was to send, and when so much of it had been taken.
        self._mark = 0, 0.0
        # Of TLS: what is between it and the socket.
        self._below: asyncio.Transport | None = None

    @property
    def bare(self) -> socket.socket | None:
        """The socket; None where bytes must go through the transport."""
        return self.socket if self._below is None else None

    @property
    def unsent(self) -> int:
        """Bytes that the kernel has not taken yet."""
        if self.transport is None:
            return 0
        below = 0 if self._below is None else self._below.get_write_buffer_size()
        return self.transport.get_write_buffer_size() + below

    def is_stuck(self, now: float) -> bool:
        """Whether hardly anything of an answer is taken; asked each second of monotonic time."""
        unsent, (before, since) = self.unsent, self._mark
        if self.writers or not before - TAKEN_BYTES < unsent <= before or not unsent:
            self._mark = unsent, now
            return False
        return now - since > TAKEN_SECONDS

    async def secure(self, context: ssl.SSLContext, seconds: float) -> None:
        """Shake hands by TLS on the socket that was accepted; who cannot is closed."""
        loop, early = asyncio.get_running_loop(), _Early()
        try:
            below, _ = await loop.connect_accepted_socket(lambda: early, self.socket)
            self._below = below
            # What TLS has made of a chunk must not be hidden from the pump either.
            below.set_write_buffer_limits(high=0)
            transport = await loop.start_tls(
                below, early, context, server_side=True,
                ssl_handshake_timeout=seconds, ssl_shutdown_timeout=SHUTDOWN_SECONDS,
            )  # fmt: skip
        except (OSError, ssl.CertificateError):
            transport = None
        except BaseException:
            self._give_up()
            raise
        if transport is None or early.lost:
            self._give_up()
            return
        transport.set_protocol(self)
        if isinstance(tls := below.get_protocol(), asyncio.BufferedProtocol):
            below.set_protocol(_Lower(tls, self._count))
        self.connection_made(transport)
        if early.data:
            self.data_received(bytes(early.data))

    def _give_up(self) -> None:
        if self._below is not None:
            self._below.abort()
        else:
            self.socket.close()
        self._closed(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        # `pause_writing` comes as soon as the kernel does not take everything. TLS calls its
        # buffer full where it has as much as the limit, even nothing.
        transport.set_write_buffer_limits(high=0 if self._below is None else 1)
        self._handler.connection_made(transport)

    def end(self, farewell: bytes) -> None:
        """Close it, with some last bytes if the socket takes them at once; at once where it is
        closing already."""
        assert self.transport is not None
        stuck = self.transport.is_closing() or self.transport.get_write_buffer_size() > 0
        for writer in self.writers:
            writer.pause()
        if stuck:
            self.transport.abort()
            return
        self.transport.write(farewell)
        self.transport.close()

    def abort(self) -> None:
        """Close it at once, if it is there."""
        transport = self.transport or self._below
        if transport is not None:
            transport.abort()

    def dismiss(self) -> None:
        """Its place is needed for another one."""
        if self._heard or self.transport is None:
            self.abort()
        else:
            self.end(REFUSAL)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self._handler.eof_received()

    def _count(self) -> None:
        """What is not sent may be more, or less."""
        if self.unsent:
            self._backlog.enter(self)
        else:
            self._backlog.leave(self)

    def pause_writing(self) -> None:
        self._full = True
        self._count()
        self._handler.pause_writing()
        for writer in self.writers:
            writer.pause()

    def resume_writing(self) -> None:
        self._full = False
        self._count()
        self._handler.resume_writing()
        for _ in range(len(self.writers)):
            if self._full:
                return  # one of them has filled it again, and all are paused
            # Who had a turn is the last to have the next one.
            self.writers.append(self.writers.pop(0))
            self.writers[-1].resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self._backlog.leave(self)
        self._handler.connection_lost(exc)
        for writer in self.writers:
            writer.lost()
        for leave in list(self.leavers):
            leave()
        self._closed(self)


class _Early(asyncio.Protocol):
    """Until TLS stands: nothing is read before, and what comes at once with it is kept."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


class _Lower(asyncio.BufferedProtocol):
    """Between the socket's transport and TLS, which does not say that the socket is full: a first
    chunk that is not taken waits below it. ``changed`` is called when that may be so, or not."""

    def __init__(self, tls: asyncio.BufferedProtocol, changed: Callable[[], None]) -> None:
        self._tls = tls
        self._changed = changed

    def pause_writing(self) -> None:
        self._tls.pause_writing()
        self._changed()

    def resume_writing(self) -> None:
        self._tls.resume_writing()
        self._changed()

    def get_buffer(self, sizehint: int) -> Any:
        return self._tls.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self._tls.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        return self._tls.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._tls.connection_lost(exc)
