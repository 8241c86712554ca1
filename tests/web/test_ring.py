"""A ring sends what a loop of send() would, and tells of the same sockets."""

import asyncio
import gc
import socket
import threading
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from televise.web.connections.bare_sockets import MANY
from televise.web.connections.ring import ENTRIES, Ring, ring_of_this_thread
from tests.support.server import serving
from tests.support.waiting import until
from tests.support.wire import handshake

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def ring() -> Iterator[Ring]:
    try:
        made = Ring()
    except OSError as error:
        pytest.skip(f"this system gives us no io_uring: {error}")
    yield made
    made.close()


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    """Ours, which is sent to, and theirs."""
    with ExitStack() as stack:
        made = [socket.socketpair() for _ in range(20)]
        for pair in made:
            for each in pair:
                stack.enter_context(each).setblocking(False)
        yield made


def ours(pairs: list[Pair]) -> "array[int]":
    return array("i", [us.fileno() for us, _ in pairs])


def read(pair: Pair) -> bytes:
    data = b""
    try:
        while some := pair[1].recv(1 << 20):
            data += some
    except BlockingIOError:
        pass
    return data


def rest(theirs: socket.socket) -> bytes:
    """All until the other side closes it."""
    data = b""
    while some := theirs.recv(1 << 20):
        data += some
    return data


def fill(pair: Pair) -> int:
    """Until it takes no more."""
    sent = 0
    try:
        while True:
            sent += pair[0].send(bytes(1 << 16))
    except BlockingIOError:
        return sent


def test_all_get_all(ring: Ring, pairs: list[Pair]) -> None:
    for size in (1, 2, 125, 4096, 20_000, 100_000):
        message = bytes(index % 251 for index in range(size))
        assert ring.send(ours(pairs), message) == []
        assert {read(pair) for pair in pairs} == {message}


def test_nobody_is_sent_anything(ring: Ring) -> None:
    assert ring.send(array("i"), b"x") == []


def test_round_and_round(ring: Ring, pairs: list[Pair]) -> None:
    """Numbers of sends that do not divide the ring's size, until it has begun anew many times."""
    for count in [3, 19, 7, 20, 13] * (5 * ENTRIES // 60):
        some = pairs[:count]
        message = b"%d" % count
        assert ring.send(ours(some), message) == []
        assert [read(pair) for pair in pairs] == [message] * count + [b""] * (20 - count)


def test_more_than_fit_at_once(ring: Ring, pairs: list[Pair]) -> None:
    many = pairs * (3 * ENTRIES // len(pairs))
    assert len(many) > 2 * ENTRIES
    assert ring.send(ours(many), b"abc") == []
    assert {read(pair) for pair in pairs} == {b"abc" * (len(many) // len(pairs))}


def test_who_is_full_and_who_is_gone(ring: Ring, pairs: list[Pair]) -> None:
    filled = fill(pairs[3])
    pairs[5][1].close()
    short = ring.send(ours(pairs), b"x" * 1000)
    assert sorted(short) == [(3, 0), (5, 0)]
    assert len(read(pairs[3])) == filled
    rest = [pair for index, pair in enumerate(pairs) if index not in (3, 5)]
    assert {read(pair) for pair in rest} == {b"x" * 1000}


def test_a_closed_socket_is_told_of(ring: Ring, pairs: list[Pair]) -> None:
    numbers = ours(pairs)
    numbers[7] = -1
    assert ring.send(numbers, b"x") == [(7, 0)]


def test_a_part_is_taken_as_send_would_take_it(ring: Ring) -> None:
    """By TCP, where a part of a message may find room."""
    message = bytes(index % 253 for index in range(8 << 20))
    with ExitStack() as stack:
        taken, came = [], []
        for by_ring in (True, False):
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            theirs = stack.enter_context(socket.create_connection(server.getsockname()))
            us = stack.enter_context(server.accept()[0])
            us.setblocking(False)
            if by_ring:
                [(position, count)] = ring.send(array("i", [us.fileno()]), message)
                assert position == 0
            else:
                count = us.send(message)
            us.close()
            taken.append(count)
            came.append(rest(theirs))
    assert [len(each) for each in came] == taken
    assert all(message.startswith(each) for each in came)
    assert 0 < taken[0] < len(message)


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_it_ends_with_its_thread(ring: Ring) -> None:
    before = descriptors()
    made = []
    thread = threading.Thread(target=lambda: made.append(ring_of_this_thread() is not None))
    thread.start()
    thread.join()
    gc.collect()
    assert made == [True]
    assert descriptors() == before


def test_every_failure_is_told_of_more_than_the_ring_holds(ring: Ring, pairs: list[Pair]) -> None:
    for pair in pairs:
        pair[1].close()
    many = pairs * (2 * ENTRIES // len(pairs) + 1)
    assert sorted(ring.send(ours(many), b"x")) == [(at, 0) for at in range(len(many))]


class Watching(asyncio.Protocol):
    """A viewer that takes all that comes, and looks at it later."""

    def __init__(self) -> None:
        self.data = bytearray()

    def data_received(self, data: bytes) -> None:
        self.data += data

    @property
    def pictures(self) -> list[bytes]:
        """Those that are whole."""
        _, _, body = bytes(self.data).partition(b"\r\n\r\n")
        found = []
        while len(body) > 4:
            # Longer than 125 bytes, and shorter than 64 KB.
            assert body[:2] == b"\x82\x7e"
            end = 4 + int.from_bytes(body[2:4], "big")
            if end <= len(body):
                found.append(body[4:end])
            body = body[end:]
        return found


async def test_many_viewers_of_a_hub(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """They get each picture, once, while one of them takes nothing."""
    sizes = []
    send = Ring.send

    def noted(self: Ring, descriptors: "array[int]", data: bytes) -> list[tuple[int, int]]:
        sizes.append(len(descriptors))
        return send(self, descriptors, data)

    monkeypatch.setattr(Ring, "send", noted)
    async with (
        serving("cam=pattern:?size=320x240&fps=10") as tv,
        tv.stream_socket("/cam.mjpg", receive_buffer=4096),
    ):
        viewers = [await watch(tv.port) for _ in range(MANY + 10)]
        await until(lambda: all(len(viewer.data) > 150_000 for viewer in viewers))
        pictures = [viewer.pictures for viewer in viewers]
    for each in pictures:
        start = pictures[0].index(each[0])
        assert pictures[0][start : start + len(each)] == each[: len(pictures[0]) - start]
    assert len(sizes) > 5
    assert min(sizes) >= MANY


async def watch(port: int) -> Watching:
    transport, viewer = await asyncio.get_running_loop().create_connection(
        Watching, "127.0.0.1", port
    )
    transport.write(handshake("/cam.mjpg", port))
    return viewer
