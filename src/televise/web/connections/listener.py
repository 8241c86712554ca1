"""Listener: accepts connections while there are file descriptors for them."""

import asyncio
import contextlib
import errno
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from televise import events
from televise.errors import InputError
from televise.web.connections.backlog import Backlog
from televise.web.connections.connection import Connection
from televise.web.connections.places import SPARE_SECONDS, Place, Places
from televise.web.connections.socket_options import set_options
from televise.web.trust.certificate import Certificate

BACKLOG = 1024
HANDSHAKE_SECONDS = 10.0
# Kept free for workers, files, spare connections and whatever else must still be opened when
# viewers are many.
RESERVED_DESCRIPTORS = 32
# What is asked for where the system sets no limit (macOS refuses more).
UNLIMITED_DESCRIPTORS = 10_240
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_NO_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class Listener:
    """Listens on ``host`` and ``port`` (0: any free one) and gives each connection a protocol; with
    a ``certificate`` it speaks TLS. ``option`` is what a user types before another port.

    ``shared``: together with other processes, among which the system spreads the connections.
    ``places`` makes what counts them, of how many there may be; who has none is closed. ``backlog``
    counts what they do not take.
    """

    def __init__(
        self,
        others: int,
        option: str = "--port ",
        certificate: Certificate | None = None,
        *,
        shared: bool = False,
        places: Callable[[int], Places] = Places,
        backlog: Backlog | None = None,
    ) -> None:
        self._option = option
        self._certificate = certificate
        self._shared = shared
        self._securing: set[asyncio.Task[None]] = set()
        self._make_protocol: Callable[[], asyncio.Protocol] = asyncio.Protocol
        self._sockets: list[socket.socket] = []
        self._lent: list[socket.socket] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.places = places(_most_connections(others))
        self._backlog = backlog or Backlog()
        self.connections: set[Connection] = set()

    def bind(self, host: str, port: int) -> int:
        """Take the addresses of ``host``; returns the port. InputError where that fails."""
        # "::" is everywhere, by IPv4 too: each of our sockets speaks one of both.
        everywhere = host in ("", "::")
        try:
            found = socket.getaddrinfo(
                None if everywhere else host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
        except (OSError, UnicodeError):
            raise InputError(f"--host {host}: no such address on this machine") from None
        missing = None
        for family, kind, protocol, _, address in dict.fromkeys(found):
            bound = (address[0], port, *address[2:])
            try:
                self._sockets.append(_listening(family, kind, protocol, bound, self._shared))
            except OSError as error:
                if error.errno not in _NO_ADDRESS:
                    raise InputError(_cannot_listen(error, host, port, self._option)) from None
                missing = error  # such as IPv6 where there is none: another address may do
                continue
            port = port or self._sockets[-1].getsockname()[1]
        if missing and not self._sockets:
            raise InputError(_cannot_listen(missing, host, port, self._option))
        return port

    def lend(self, path: Path) -> None:
        """Leave the port, which stays taken, to processes that share it; listen on a Unix socket
        for what they hand on."""
        for each in self._sockets:
            family, kind, protocol, bound = each.family, each.type, each.proto, each.getsockname()
            each.close()
            self._lent.append(_bound(family, kind, protocol, bound, shared=True))
        inside = socket.socket(socket.AF_UNIX)
        self._sockets, self._certificate = [inside], None  # it does not leave this machine
        inside.setblocking(False)
        inside.bind(str(path))
        inside.listen(BACKLOG)

    def start(self, make_protocol: Callable[[], asyncio.Protocol]) -> None:
        """Begin to accept."""
        self._make_protocol = make_protocol
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._accept_all(each)) for each in self._sockets]

    async def stop(self) -> None:
        """Accept no more; connections that there are stay."""
        for task in self._tasks:
            task.cancel()
        for task in self._securing:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._securing, return_exceptions=True)
        for each in (*self._sockets, *self._lent):
            each.close()

    async def _accept_all(self, listening: socket.socket) -> None:
        while True:
            try:
                await self._accept(listening)
            except Exception as error:
                await self._rest(error)

    async def _rest(self, error: Exception) -> None:
        """After a failure: never spin, and wait where only time helps."""
        if isinstance(error, OSError) and error.errno in _NO_DESCRIPTORS:
            events.warning("no file descriptors left for viewers", error=str(error))
            await asyncio.sleep(0.5)
        else:
            events.warning("a connection could not be accepted", error=repr(error))
            await asyncio.sleep(0.01)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        accepted, peer = await loop.sock_accept(listening)
        address = peer[0] if isinstance(peer, tuple) else ""
        place = self.places.place_for(address)
        if place is not Place.USUAL:
            events.warning("as many connections as allowed", address=address)
        if place is Place.NONE:
            accepted.close()
            return
        connection = self._make_connection(accepted, address, place)
        try:
            set_options(accepted)
            if self._certificate is not None:
                self._start_securing(connection, self._certificate)
                return
            await loop.connect_accepted_socket(lambda: connection, accepted)
        except OSError:
            self._closed(connection)
            accepted.close()
            raise

    def _start_securing(self, connection: Connection, certificate: Certificate) -> None:
        """The handshake takes its time, in which others are accepted."""
        secure = connection.secure(certificate.context, HANDSHAKE_SECONDS)
        task = asyncio.get_running_loop().create_task(secure)
        self._securing.add(task)
        task.add_done_callback(self._securing.discard)

    def _make_connection(self, accepted: socket.socket, address: str, place: Place) -> Connection:
        connection = Connection(accepted, self._make_protocol(), self._closed, self._backlog)
        connection.address, connection.place = address, place
        self.connections.add(connection)
        self.places.enter(connection)
        if place is Place.SPARE:
            asyncio.get_running_loop().call_later(SPARE_SECONDS, connection.abort)
        return connection

    def _closed(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.discard(connection)
            self.places.leave(connection)


def _listening(
    family: int, kind: int, protocol: int, address: tuple[object, ...], shared: bool
) -> socket.socket:
    listening = _bound(family, kind, protocol, address, shared=shared)
    try:
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _bound(
    family: int, kind: int, protocol: int, address: tuple[object, ...], *, shared: bool
) -> socket.socket:
    bound = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.setblocking(False)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _cannot_listen(error: OSError, host: str, port: int, option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: choose another, as in {option}{port + 1}"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights: choose one above 1023, as in {option}8080"
    return f"cannot listen on {host} port {port}: {error.strerror or error}"


def _most_connections(others: int) -> int:
    """How many sockets can be open beside what is open already and ``others`` to come."""
    if sys.platform == "win32":
        return 10_000
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = UNLIMITED_DESCRIPTORS if hard == resource.RLIM_INFINITY else hard
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return max(1, soft - RESERVED_DESCRIPTORS - _open_descriptors() - others)


def _open_descriptors() -> int:
    directory = Path("/proc/self/fd")
    return sum(1 for _ in directory.iterdir()) if directory.is_dir() else 32
