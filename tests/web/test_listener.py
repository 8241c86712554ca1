"""The listener: addresses, descriptors that run out, and what each socket is told."""

import asyncio
import errno
import os
import re
import resource
import socket

import pytest

from televise.errors import InputError
from televise.web.connections import listener as listener_module
from televise.web.connections.listener import Listener
from televise.web.connections.socket_options import (
    UNACKNOWLEDGED_MILLISECONDS,
    UNSENT_BYTES,
    set_options,
)
from tests.support.server import serving
from tests.support.waiting import until
from tests.support.wire import Stream

PORT = re.compile(r"(?:port |--port )(\d+)")


def make_listener() -> Listener:
    return Listener(0)


async def test_it_takes_a_free_port_and_gives_it_back() -> None:
    listener = make_listener()
    port = listener.bind("127.0.0.1", 0)
    with pytest.raises(InputError, match=f"port {port} is in use: .*--port {port + 1}"):
        make_listener().bind("127.0.0.1", port)
    await listener.stop()
    again = make_listener()
    assert again.bind("127.0.0.1", port) == port
    await again.stop()


async def test_localhost_is_one_port_on_all_its_addresses() -> None:
    listener = make_listener()
    port = listener.bind("localhost", 0)
    assert {each.getsockname()[1] for each in listener._sockets} == {port}
    await listener.stop()


async def test_everywhere_is_by_both_versions_of_ip() -> None:
    found = []
    for host in ("", "::"):
        listener = make_listener()
        listener.bind(host, 0)
        found.append({each.getsockname()[0] for each in listener._sockets})
        await listener.stop()
    assert found[0] == found[1]
    assert "0.0.0.0" in found[0]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EACCES, "port 8080 needs more rights: choose one above 1023"),
        (errno.EADDRINUSE, "port 8080 is in use: choose another, as in --port 8081"),
        (errno.EADDRNOTAVAIL, "cannot listen on 127.0.0.1 port 8080"),
    ],
)
async def test_why_it_cannot_listen(
    monkeypatch: pytest.MonkeyPatch, number: int, expected: str
) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(InputError, match=expected):
        make_listener().bind("127.0.0.1", 8080)


async def test_an_address_that_this_machine_lacks_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Many containers know ::1 by name only."""
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", 0, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    listener = make_listener()
    port = listener.bind("localhost", 0)
    assert [each.getsockname() for each in listener._sockets] == [("127.0.0.1", port)]
    await listener.stop()


async def test_every_connection_notices_a_peer_that_is_gone() -> None:
    """WebSocket pings do not, while there is a stream; these options of the socket do."""
    async with serving() as running, running.stream_socket("/cam.mjpg"):
        (connection,) = running.connections
        plain = connection.socket
        for option, value in [
            (socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MILLISECONDS),
            (socket.TCP_NODELAY, 1),
            (25, UNSENT_BYTES),  # TCP_NOTSENT_LOWAT
        ]:
            assert plain.getsockopt(socket.IPPROTO_TCP, option) == value
        assert plain.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


async def test_options_that_a_system_lacks_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "TCP_USER_TIMEOUT")
    with socket.socket() as plain:
        set_options(plain)
        assert plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


async def test_an_error_of_accept_is_not_repeated_in_a_hurry(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """asyncio's own server would log a traceback hundreds of times a second."""
    async with serving() as running:
        calls, failing = 0, True
        loop = asyncio.get_running_loop()
        accept = loop.sock_accept

        async def fail(listening: socket.socket) -> tuple[socket.socket, object]:
            nonlocal calls
            calls += 1
            assert calls < 100, "it tries again and again without a pause"
            if failing:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return await accept(listening)

        monkeypatch.setattr(loop, "sock_accept", fail)
        # The call that waits already takes this one.
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        await until(lambda: calls >= 3)
        writer.close()
        failing = False
        async with Stream.open(running.port, "/healthz") as stream:
            assert stream.status == 200
    told = [line for line in capsys.readouterr().err.splitlines() if "descriptors" in line]
    assert len(told) <= 1


async def test_so_many_descriptors_are_kept_free() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = listener_module._most_connections(others=6)
    assert most < soft - listener_module.RESERVED_DESCRIPTORS - 6
    assert most > 0
