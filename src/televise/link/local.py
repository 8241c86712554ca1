"""The local carrier: a socket pair between this process and a child that it started."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Iterator

from televise.errors import PeerError
from televise.link.messages import Hello, Message
from televise.link.protocol import VERSION, Receiver, encode

_BUFFER = 1 << 20


class ConsumerLink(asyncio.Protocol):
    """The hub's end: calls ``received`` for every message and ``lost`` once, with the reason."""

    def __init__(
        self, received: Callable[[Message], None], lost: Callable[[Exception | None], None]
    ) -> None:
        self._received = received
        self._lost = lost
        self._receiver = Receiver("provider")
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.send(Hello(VERSION))

    def send(self, message: Message) -> None:
        """Send one message; silently nothing where the link is gone, as `lost` tells."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode(message))

    def close(self) -> None:
        """End the link at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._receiver.feed(data):
                self._received(message)
        except PeerError as error:
            self._transport, transport = None, self._transport
            if transport is not None:
                transport.abort()
            self._lost(error)
            self._lost = _nothing

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lost(exc)


class ProviderLink:
    """The worker's end, for threads: `messages` blocks, `send` may be called from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._receiver = Receiver("consumer")
        self._lock = threading.Lock()
        self.send(Hello(VERSION))

    def send(self, message: Message) -> None:
        """Send one message; blocks while the hub is behind. OSError where the hub is gone."""
        data = encode(message)
        with self._lock:
            self._socket.sendall(data)

    def messages(self) -> Iterator[Message]:
        """Every message of the hub, until it goes away."""
        while data := self._receive():
            yield from self._receiver.feed(data)

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(65536)
        except OSError:
            return b""


def _nothing(error: Exception | None) -> None:
    """A link is lost only once."""


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """The two ends of a link; the second one is for the child, see `inheritance`."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        if sys.platform == "win32":  # there it is a connection over TCP
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    ours.setblocking(False)
    theirs.set_inheritable(True)
    return ours, theirs


def inheritance(end: socket.socket) -> dict[str, object]:
    """Keyword arguments that make ``subprocess`` give ``end`` to a child."""
    if sys.platform == "win32":
        return {"close_fds": False}
    return {"pass_fds": (end.fileno(),)}


def inherited(number: int) -> socket.socket:
    """The child's end of the link, by the file descriptor (or handle) that it inherited."""
    connection = socket.socket(fileno=number)
    connection.setblocking(True)
    connection.set_inheritable(False)
    return connection
