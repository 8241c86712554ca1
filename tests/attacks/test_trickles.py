"""T10: who promises much and sends one byte in each segment costs next to nothing, and is told."""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from televise.formats.rtmp_chunk import MAX_MEDIA_MESSAGE, VIDEO
from tests.attacks.victim import Victim
from tests.formats.rtmp_publisher import HANDSHAKE
from tests.support.waiting import LIMIT_SECONDS, wait_until
from tests.support.wire import handshake, request

CONNECTIONS = 20
BYTES = 1000
# What each may cost the hub's process.
MOST_MEGABYTES = 1.0
# Less than is promised; a first publisher makes the hub load code, and begin a worker.
MOST_OF_ONE = 6.0
# Of Linux, and where it says how many segments are on their way, and how many had data.
TCP_INFO, UNDERWAY, SEGMENTS = 11, 24, 156
# With more on its way TCP puts bytes together.
MOST_UNDERWAY = 8
HUGE = 1 << 40
# A binary frame of so many bytes, its mask included.
FRAME = b"\x82\xff" + HUGE.to_bytes(8, "big")
TOO_LONG = b"\x88\x02" + struct.pack(">H", 1009)
LONG_FRAME = b"\x82\xff" + (7 << 20).to_bytes(8, "big") + b"mask"


@dataclass(frozen=True)
class Way:
    """What is sent at once, what byte by byte, what at once again; and a piece of the answer."""

    first: bytes
    trickled: bytes
    last: bytes
    told: bytes


def ways(victim: Victim) -> dict[str, Way]:
    admin = victim.bearer("new", "admin") | {"Content-Type": "application/json"}
    long = {"Content-Length": str(HUGE)}
    put = request("/api/channels/new", victim.port, admin | long, "PUT")
    post = request("/in.ts", victim.port, {"Transfer-Encoding": "chunked"}, "POST")
    head = request("/healthz", victim.port)[:-2] + b"X-Long: "
    watch = handshake("/cam.mjpg", victim.port)
    return {
        "header": Way(b"", head + b"x" * BYTES, b"x" * 9000 + b"\r\n\r\n", b" 400 "),
        "body": Way(put, b"[" * 100, b"[" * 66_000, b" 413 "),
        "chunk": Way(post, b"F" * 17, b"", b" 40"),
        "message": Way(watch, FRAME, b"", TOO_LONG),
    }


@contextlib.contextmanager
def connections(port: int, count: int = CONNECTIONS) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            each = socket.create_connection(("127.0.0.1", port), LIMIT_SECONDS)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.append(stack.enter_context(each))
        yield opened


def trickle(sockets: list[socket.socket], data: bytes) -> None:
    """Each byte is a segment of its own."""
    before = segments(sockets)
    for number in range(len(data)):
        for each in sockets:
            while told_by_tcp(each, UNDERWAY) > MOST_UNDERWAY:
                os.sched_yield()
            each.send(data[number : number + 1])
    assert segments(sockets) - before > 0.9 * len(data) * len(sockets)


def segments(sockets: list[socket.socket]) -> int:
    return sum(told_by_tcp(each, SEGMENTS) for each in sockets)


def told_by_tcp(plain: socket.socket, place: int) -> int:
    (number,) = struct.unpack_from("I", plain.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 256), place)
    return int(number)


def hears(plain: socket.socket, told: bytes) -> bool:
    """Whether that is said before the end."""
    heard = b""
    with contextlib.suppress(ConnectionError):
        while told not in heard and (some := plain.recv(65536)):
            heard += some
    return told in heard


@pytest.mark.parametrize("name", ["header", "body", "chunk", "message"])
def test_one_byte_at_a_time(victim: Victim, name: str) -> None:
    way, before = ways(victim)[name], victim.megabytes
    with connections(victim.port) as sockets:
        for each in sockets:
            each.sendall(way.first)
        trickle(sockets, way.trickled)
        assert victim.is_well()
        assert victim.megabytes - before < MOST_MEGABYTES * CONNECTIONS
        for each in sockets:
            each.sendall(way.last)
        for each in sockets:
            assert hears(each, way.told)


@pytest.mark.parametrize("way", ["HTTP", "WebSocket"])
def test_a_publisher(victim: Victim, way: str) -> None:
    """Much more of it, from the only one who may."""
    headers = victim.bearer("in", "publish")
    long = {"Content-Length": str(HUGE)}
    begin = {
        "HTTP": request("/in.flv", victim.port, headers | long, "POST"),
        "WebSocket": handshake("/in.flv", victim.port, headers),
    }
    wait_until(lambda: not is_taken(victim))
    before = victim.megabytes
    with connections(victim.port, 1) as sockets:
        sockets[0].sendall(begin[way])
        if way == "WebSocket":
            assert b" 101 " in sockets[0].recv(4096)
            sockets[0].sendall(LONG_FRAME)
        trickle(sockets, b"FLV\x01" + bytes(6 * BYTES))
        assert is_taken(victim)
        assert victim.megabytes - before < MOST_OF_ONE


def test_a_publisher_that_promises_too_much(victim: Victim) -> None:
    wait_until(lambda: not is_taken(victim))
    before = victim.megabytes
    with connections(victim.port, 1) as sockets:
        sockets[0].sendall(handshake("/in.flv", victim.port, victim.bearer("in", "publish")))
        assert b" 101 " in sockets[0].recv(4096)
        trickle(sockets, FRAME)
        assert hears(sockets[0], TOO_LONG)
        assert victim.megabytes - before < MOST_OF_ONE


def is_taken(victim: Victim) -> bool:
    return victim.ask("/in.flv", "POST", victim.bearer("in", "publish"), b"FLV").status == 409


def test_rtmp(victim: Victim) -> None:
    """A message of 8 MB is allowed, one of 16 MB ends the connection."""
    before = victim.megabytes
    with connections(victim.rtmp_port) as sockets:
        trickle(sockets, HANDSHAKE[:BYTES])
        for each in sockets:
            each.sendall(HANDSHAKE[BYTES:])
        trickle(sockets, message(4, MAX_MEDIA_MESSAGE) + bytes(128))
        assert victim.is_well()
        assert victim.megabytes - before < MOST_MEGABYTES * CONNECTIONS
        for each in sockets:
            assert hears(each, HANDSHAKE[1:100]), "it was understood"
            each.setblocking(False)
            with pytest.raises(BlockingIOError):  # it is there still
                each.recv(1)
            each.settimeout(LIMIT_SECONDS)
        trickle(sockets, message(5, 0xFFFFFF))
        for each in sockets:
            assert not hears(each, b"nothing more"), "it is ended"


def message(chunk_stream: int, length: int) -> bytes:
    """Its header."""
    return bytes([chunk_stream]) + bytes(3) + length.to_bytes(3, "big") + bytes([VIDEO]) + bytes(4)
