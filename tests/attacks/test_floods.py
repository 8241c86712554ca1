"""T23, T25: floods of what costs its sender next to nothing: frames and chunks without content, and
texts that everybody else is told."""

import contextlib
import json
import socket
import struct

import pytest

from televise.link.messages import Announce, Hello
from televise.link.protocol import VERSION, encode
from televise.model.track import MAX_REASON, Track
from televise.web.sockets import CONTROLS_AT_ONCE, SMALL_AT_ONCE
from tests.attacks.victim import Victim
from tests.formats.rtmp_publisher import HANDSHAKE
from tests.support.waiting import LIMIT_SECONDS, wait_until
from tests.support.wire import handshake

FRAMES = 100_000
MASK = b"mask"
PING, PONG = b"\x89\x80" + MASK, b"\x8a\x80" + MASK
EMPTY, NOTHING_MORE = b"\x00\x80" + MASK, b"\x00\x81" + MASK + b"x"
ANSWER = b"\x8a\x00"
POLICY = (1008).to_bytes(2, "big")
PATHS = ["/api/wall", "/cam.mjpg", "/api/link", "/in.ts", "/api/link/in/publish"]


def opened(victim: Victim, path: str, protocol: str = "") -> socket.socket:
    """A WebSocket, of a publisher where that is one's path."""
    headers = victim.bearer("in", "publish") if "/in" in path else {}
    headers |= {"Sec-WebSocket-Protocol": protocol} if protocol else {}
    plain = socket.create_connection(("127.0.0.1", victim.port), LIMIT_SECONDS)
    plain.sendall(handshake(path, victim.port, headers))
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += plain.recv(1)
    assert b" 101 " in head
    return plain


def flooded(plain: socket.socket, frame: bytes, begin: bytes = b"") -> bytes:
    """What is answered to many of them, up to the end."""
    heard = b""
    with contextlib.suppress(ConnectionError):
        plain.sendall(begin + frame * FRAMES)
    with contextlib.suppress(ConnectionError):
        while some := plain.recv(65536):
            heard += some
    return heard


@pytest.mark.parametrize("path", PATHS)
def test_pings_without_end(victim: Victim, path: str) -> None:
    """aiohttp answers each, and nothing else runs meanwhile."""
    with opened(victim, path) as plain:
        heard = flooded(plain, PING)
    assert heard.count(ANSWER) <= CONTROLS_AT_ONCE
    assert POLICY in heard


def test_so_many_pings_are_answered(victim: Victim) -> None:
    with opened(victim, "/api/link") as plain:
        plain.sendall(PING * CONTROLS_AT_ONCE)
        heard = b""
        while heard.count(ANSWER) < CONTROLS_AT_ONCE:
            heard += plain.recv(65536)


def test_before_any_key(victim: Victim) -> None:
    with opened(victim, "/cam.mjpg", "televise.key") as plain:
        heard = flooded(plain, PING)
    assert heard.count(ANSWER) <= CONTROLS_AT_ONCE
    assert POLICY in heard


@pytest.mark.parametrize(
    ("begin", "frame"),
    [
        (b"", PONG),
        (b"\x01\x80" + MASK, EMPTY),
        (b"\x01\x80" + MASK, NOTHING_MORE),
    ],
    ids=["pongs", "empty fragments", "fragments of one byte"],
)
def test_frames_that_say_nothing(victim: Victim, begin: bytes, frame: bytes) -> None:
    with opened(victim, "/api/link") as plain:
        heard = flooded(plain, frame, begin)
    assert POLICY in heard


def test_so_many_fragments_are_one_message(victim: Victim) -> None:
    """A report with spaces in it, each a fragment."""
    space = b"\x00\x81\0\0\0\0 "
    with opened(victim, "/api/link") as plain:
        plain.sendall(b"\x01\x80" + MASK + space * (SMALL_AT_ONCE - 100))
        report = b'{"node":"x","viewers":{},"hubs":[],"clock":77}'
        plain.sendall(b"\x80" + bytes([0x80 | len(report)]) + bytes(4) + report)
        heard = b""
        while b'"clock": 77' not in heard:
            heard += plain.recv(65536)


@pytest.mark.parametrize(
    "flood",
    [
        b"\x44" + bytes(6) + b"\x08" + b"\xc4" * FRAMES,
        b"\x02" + bytes(5) + b"\x04\x01" + bytes(7) + b"\x01" + bytes(FRAMES),
    ],
    ids=["chunks of no bytes", "chunks of one byte"],
)
def test_rtmp_without_any_key(victim: Victim, flood: bytes) -> None:
    with socket.create_connection(("127.0.0.1", victim.rtmp_port), LIMIT_SECONDS) as plain:
        plain.sendall(HANDSHAKE)
        heard = b""
        while len(heard) < len(HANDSHAKE):
            heard += plain.recv(65536)
        assert flooded(plain, b"", flood) == b"", "it is ended"
    # And not because its time is over.
    wait_until(lambda: "RTMP connection ended" in (victim.folder / "log").read_text())


def test_a_track_that_fills_every_page(victim: Victim) -> None:
    """Three times as long where pages have it, as JSON."""
    track = Track("video", "h264", 90_000, width=640, height=480, reason="é" * 500_000)
    announce = json.dumps({"tracks": [track.to_json()]}, ensure_ascii=False).encode()
    said = struct.pack(">IB", len(announce) + 1, encode(Announce(()))[4]) + announce
    data = encode(Hello(VERSION)) + said
    with opened(victim, "/api/link/in/publish") as plain:
        plain.sendall(b"\x82\xff" + len(data).to_bytes(8, "big") + bytes(4) + data)
        wait_until(lambda: reasons(victim) == ["é" * MAX_REASON])
        assert len(victim.ask("/").body) < 65_536


def reasons(victim: Victim) -> list[str]:
    """Why the tracks of a publisher's channel are as they are."""
    channels = json.loads(victim.ask("/api/channels").body)["channels"]
    [channel] = [each for each in channels if each["name"] == "in"]
    return [track["reason"] for track in channel["tracks"]]
