"""A socket with room for so many bytes, and asyncio's transport in front of it."""

import asyncio
import socket
from typing import Any, cast

from televise.web.connections.backlog import Backlog
from televise.web.connections.connection import Connection


class FakeSocket:
    """What is sent arrives at once, as far as there is room."""

    def __init__(self) -> None:
        self.room = 0
        self.arrived = bytearray()
        self.broken = False

    def fileno(self) -> int:
        return -1

    def send(self, data: bytes) -> int:
        if self.broken:
            raise BrokenPipeError
        count = min(len(data), self.room)
        if not count:
            raise BlockingIOError
        self.arrived += data[:count]
        self.room -= count
        return count


class FakeTransport(asyncio.Transport):
    """Behaves as asyncio's does: it sends, keeps what did not go, and then pauses its protocol."""

    def __init__(self, plain: FakeSocket) -> None:
        super().__init__()
        self._socket = plain
        self._high = 65536
        self._paused = False
        self.buffer = bytearray()
        self.protocol: asyncio.Protocol | None = None
        self.closing = False
        self.aborted = False
        self.most = 0
        # Writes to a socket that is known to be gone, of which asyncio complains.
        self.vain = 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high is not None
        self._high = high

    def get_write_buffer_size(self) -> int:
        return len(self.buffer)

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.aborted = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.closing:
            self.vain += 1
            return
        self.buffer += data
        self.flush()
        self.most = max(self.most, len(self.buffer))
        if len(self.buffer) > self._high and not self._paused and not self.closing:
            self._paused = True
            assert self.protocol is not None
            self.protocol.pause_writing()

    def flush(self) -> None:
        if self.buffer:
            try:
                del self.buffer[: self._socket.send(bytes(self.buffer))]
            except BlockingIOError:
                pass
            except BrokenPipeError:
                self.buffer.clear()
                self.closing = True

    def drain(self, room: int) -> None:
        """The other side has read ``room`` bytes."""
        self._socket.room += room
        self.flush()
        if self._paused and not self.buffer:
            self._paused = False
            assert self.protocol is not None
            self.protocol.resume_writing()


class Handler(asyncio.Protocol):
    """Where aiohttp would be."""


def fake_connection() -> tuple[Connection, FakeTransport, FakeSocket]:
    """A connection that is made."""
    plain = FakeSocket()
    transport = FakeTransport(plain)
    connection = Connection(
        cast(socket.socket, cast(Any, plain)), Handler(), lambda _: None, Backlog()
    )
    transport.protocol = connection
    connection.connection_made(transport)
    return connection, transport, plain
