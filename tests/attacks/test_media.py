"""T8, T9, T11: what is published may be anything, and neither reads a file, nor calls anybody, nor
fills the memory."""

import functools
import os
import socket
import struct
import zlib
from pathlib import Path

import pytest

from tests.attacks.canary import Canary, corpus
from tests.attacks.victim import Victim
from tests.support.waiting import wait_until
from tests.support.wire import handshake

MEGABYTE = 1 << 20
# How much more memory the hub may need for an attack.
MOST_MEGABYTES = 50
BOMB_MEGABYTES = 128


@pytest.mark.parametrize("end", ["mp4", "jpg", "png"])
def test_what_names_other_files_is_refused(victim: Victim, canary: Canary, end: str) -> None:
    """Nothing of it is opened, and whoever sent it is told. Of `mp4`, FFmpeg itself finds out what
    it is; pictures are read by us before."""
    for name, data in corpus(canary).items():
        assert is_refused(victim, f"/in.{end}", data + b"\n" * 4096)
        assert canary.is_silent(), name


@pytest.mark.parametrize("end", ["ts", "flv", "webm", "mjpg"])
def test_nor_by_another_way(victim: Victim, canary: Canary, end: str) -> None:
    assert is_refused(victim, f"/in.{end}", corpus(canary)["playlist"] + b"\n" * 4096)
    assert canary.is_silent()


def is_refused(victim: Victim, path: str, data: bytes) -> bool:
    """Who sends it is told so; again, where no worker was there in time to look at it."""
    return wait_until(lambda: victim.publish(path, data).status in (413, 415))


def test_the_canary_sings(canary: Canary) -> None:
    assert canary.is_silent()
    reader = os.open(canary.pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert not canary.is_silent()
    os.close(reader)
    with socket.create_connection(canary.port.getsockname()):
        wait_until(lambda: not canary.is_silent())


def png(width: int, height: int, pixels: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@functools.cache
def zeros(megabytes: int, coding: int = zlib.MAX_WBITS) -> bytes:
    """So many of them, in a thousandth."""
    packer = zlib.compressobj(6, zlib.DEFLATED, coding)
    block = bytes(MEGABYTE)
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def jpeg(width: int, height: int) -> bytes:
    """One that says how large it is, and has nothing else."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    sections = [(0xC0, frame), (0xDA, b"\x01\x01\x00\x00\x3f\x00")]
    data = [
        bytes([0xFF, kind]) + struct.pack(">H", 2 + len(body)) + body for kind, body in sections
    ]
    return b"\xff\xd8" + b"".join(data) + bytes(1000) + b"\xff\xd9"


def gif(width: int, height: int) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    image = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0)
    return head + image + b"\x02\x02\x4c\x01\x00;"


BOMBS = {
    "PNG of 65 000 square": lambda: png(65_000, 65_000, zeros(1)),
    "PNG of 2^31 square": lambda: png((1 << 31) - 1, (1 << 31) - 1, zeros(1)),
    "JPEG of 65 000 square": lambda: jpeg(65_000, 65_000),
    "GIF of 65 000 square": lambda: gif(65_000, 65_000),
    "PNG that is allowed and has far more pixels than it says": lambda: png(
        16, 16, zeros(BOMB_MEGABYTES)
    ),
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("end", ["png", "mjpg"])
def test_a_picture_that_would_fill_the_memory(victim: Victim, name: str, end: str) -> None:
    """Nobody makes its pixels; that it was sent whole is seen by the answer."""
    bomb, before = BOMBS[name](), victim.peak_megabytes
    assert len(bomb) < MEGABYTE
    if end == "png" and "allowed" in name:
        assert victim.publish("/shots.png", bomb).status == 204
    else:
        assert is_refused(victim, f"/in.{end}", bomb)
    assert victim.peak_megabytes - before < MOST_MEGABYTES
    workers_are_small(victim)


def workers_are_small(victim: Victim) -> None:
    for worker in victim.running.workers:
        status = Path(f"/proc/{worker}/status")
        if "VmHWM" in (text := status.read_text() if status.exists() else ""):
            kilobytes = int(text.partition("VmHWM:")[2].split()[0])
            assert kilobytes < 400_000


CODINGS = {"deflate": zlib.MAX_WBITS, "gzip": zlib.MAX_WBITS | 16}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(
    ("method", "path", "told"),
    [("POST", "/in.ts", 415), ("POST", "/in.png", 415), ("PUT", "/api/channels/evil", 400)],
)
def test_a_body_that_is_a_bomb(
    victim: Victim, method: str, path: str, told: int, coding: str
) -> None:
    """It is taken as it is, which is nothing that anybody understands."""
    data = zeros(BOMB_MEGABYTES, CODINGS[coding])
    assert len(data) < MEGABYTE
    before = victim.peak_megabytes
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    assert victim.ask(path, method, headers, data).status == 401
    channel = path.removeprefix("/api/channels").strip("/").partition(".")[0]
    headers |= victim.bearer(channel, "admin" if method == "PUT" else "publish")
    size = 60_000 if method == "PUT" else len(data)  # more is refused without a look at it
    wait_until(lambda: victim.ask(path, method, headers, data[:size]).status == told)
    assert victim.peak_megabytes - before < MOST_MEGABYTES


def test_websockets_are_not_compressed(victim: Victim) -> None:
    """Who offers it is not taken up on it, and a compressed frame ends the connection."""
    asked = handshake(
        "/cam.mjpg",
        victim.port,
        {
            "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
            "Sec-WebSocket-Protocol": "televise.v1",
        },
    )
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15).compress(bytes(MEGABYTE))[:100]
    frame = bytes([0xC1, 0x80 | len(bomb)]) + bytes(4) + bomb
    with socket.create_connection(("127.0.0.1", victim.port), 20) as plain:
        plain.sendall(asked)
        heard = plain.recv(4096)
        assert b" 101 " in heard
        assert b"extensions" not in heard.lower()
        plain.sendall(frame)
        while some := plain.recv(65536):
            heard += some
    assert heard[-200:].find(struct.pack(">H", 1002)) > 0
