"""Stalled viewers: what each costs the hub's memory, and what one that goes on must eat before it
is at the live edge."""

import fcntl
import json
import socket
import sys
import termios
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.hub import Hub
from bench.load import handshake
from televise.crowd.wire import MAX_MESSAGE_BYTES, Address
from televise.formats.websocket import BINARY, TEXT, FrameReader

# It reads for so long, and then nothing for so long: less than the hub puts up with.
READING_SECONDS = 3.0
STALLS_SECONDS = (5.0, 5.5, 6.0, 6.5, 7.0)
PIECE = 1 << 16


@dataclass(frozen=True)
class Backlog:
    """Seconds of pictures: those that lay in the viewer's own kernel, which no server can take
    back, those in the hub's, and those since the keyframe at which it goes on."""

    own_kernel: float
    hubs_kernel: float
    since_keyframe: float


@dataclass(frozen=True)
class Told:
    """What the hub says of a picture, when that is there, or that it has ``skipped`` some;
    ``captured`` is in Unix milliseconds, ``end`` counts bytes."""

    captured: float
    end: int
    skipped: bool = False


@contextmanager
def stalled_viewers(hub: Hub, count: int) -> Iterator[None]:
    """Viewers that ask for the stream and then never read. The hub will drop them in the end."""
    with ExitStack() as stack:
        for _ in range(count):
            viewer = stack.enter_context(socket.create_connection(("127.0.0.1", hub.port)))
            viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            viewer.sendall(handshake(hub))
        time.sleep(1.0)
        yield


def cost_of_stalled(hub: Hub, count: int) -> int:
    """Bytes of the hub's memory that one more stalled viewer takes while the channel goes on."""
    with stalled_viewers(hub, 1):
        time.sleep(5.0)  # until the channel's log is full
        before = hub.resident_bytes()
        with stalled_viewers(hub, count):
            time.sleep(4.0)
            return max(0, hub.resident_bytes() - before) // count


def backlog(hub: Hub, path: str, fps: int) -> Backlog:
    """The most of some viewers, with the usual buffers, that stall for different times."""
    with ThreadPoolExecutor(len(STALLS_SECONDS)) as pool:
        found = list(pool.map(partial(_backlog_of_one, hub, path, fps), STALLS_SECONDS))
    return Backlog(
        round(max(one.own_kernel for one in found), 2),
        round(max(one.hubs_kernel for one in found), 2),
        round(max(one.since_keyframe for one in found), 2),
    )


def _backlog_of_one(hub: Hub, path: str, fps: int, stall_seconds: float) -> Backlog:
    address = Address("127.0.0.1", hub.port, path, websocket=True, token=hub.token)
    with socket.create_connection((address.host, address.port), timeout=30) as viewer:
        viewer.sendall(address.request)
        told = _told(viewer)
        last, end = next(told), time.monotonic() + READING_SECONDS
        while time.monotonic() < end:
            last = next(told)
        time.sleep(stall_seconds)
        return eaten(told, time.time() * 1000, last.end + _unread(viewer), fps)


def eaten(told: Iterator[Told], now: float, taken: int, fps: int) -> Backlog:
    """Of what it is told now, all that was captured before; its own kernel has ``taken`` so many
    bytes."""
    held: list[Told] = []
    later: list[Told] = []
    eats = held
    for one in told:
        if one.skipped:
            eats = later
        elif one.captured >= now:
            break
        else:
            eats.append(one)
    own = sum(one.end <= taken for one in held)
    since = (now - later[0].captured) / 1000 if later else 0.0
    return Backlog(own / fps, (len(held) - own) / fps, since)


def _unread(viewer: socket.socket) -> int:
    """Bytes that its kernel has for it."""
    return int.from_bytes(fcntl.ioctl(viewer, termios.FIONREAD, bytes(4)), sys.byteorder)


def _told(viewer: socket.socket) -> Iterator[Told]:
    frames, end = FrameReader(MAX_MESSAGE_BYTES), 0
    message: dict[str, Any] = {}
    for data in _pieces(viewer):
        for opcode, payload in frames.feed(data):
            end += len(payload)
            if opcode == TEXT:
                message = json.loads(payload)
                if message["type"] == "skipped":
                    yield Told(0.0, end, skipped=True)
            elif opcode == BINARY and message.get("track") == "video":
                yield Told(message["captured"], end)


def _pieces(viewer: socket.socket) -> Iterator[bytes]:
    """All bytes behind the answer's head."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += _read(viewer)
    yield head.partition(b"\r\n\r\n")[2]
    while True:
        yield _read(viewer)


def _read(viewer: socket.socket) -> bytes:
    if data := viewer.recv(PIECE):
        return data
    raise SystemExit("the hub has sent away one that stalled")
