"""WebSocket as RFC 6455 wants it, frame by frame, after the chapters of the Autobahn test suite
(which needs Python 2.7: autobahn.py runs it). What wsproto makes of the same bytes is the second
opinion.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from wsproto.frame_protocol import FrameProtocol, ParseFailed

from televise.web.sockets import MAX_MESSAGE_BYTES
from televise.web.trust.keys import Grant, Keys
from tests.support.server import SMALL, Serving, serving
from tests.support.wire import CLOSE, PING, PONG, TEXT, Stream

pytestmark = pytest.mark.asyncio(loop_scope="module")

MORE, FIN = 0x00, 0x80
CONTINUED, BINARY = 0x0, 0x2
QUESTION = b'{"type":"clock","client":%d}'
PROTOCOL, UTF8, TOO_BIG = 1002, 1007, 1009
BY_LINK = "/api/link/in/publish"
PUBLISHED = ("/in.ts", BY_LINK)


def raw(first: int, payload: bytes = b"", length: int | None = None) -> bytes:
    """A frame of a client, with any first byte, and perhaps with a wrong length."""
    size = len(payload) if length is None else length
    if size < 126:
        head = bytes([first, 0x80 | size])
    elif size < 1 << 16:
        head = bytes([first, 0xFE]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, 0xFF]) + size.to_bytes(8, "big")
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def text(*parts: bytes, between: bytes = b"") -> bytes:
    """A text in so many fragments."""
    frames = [
        raw((FIN if at == len(parts) - 1 else MORE) | (CONTINUED if at else TEXT), part)
        for at, part in enumerate(parts)
    ]
    return between.join(frames)


def close(code: int, reason: bytes = b"") -> bytes:
    return raw(FIN | CLOSE, code.to_bytes(2, "big") + reason)


def padded(size: int) -> bytes:
    """A message that is understood, of so many bytes."""
    return QUESTION % 1 + b" " * (size - len(QUESTION % 1))


def opinion(data: bytes) -> int:
    """The code with which wsproto closes after these frames; 0 where it goes on."""
    protocol = FrameProtocol(client=False, extensions=[])
    protocol.receive_bytes(data)
    try:
        for frame in protocol.received_frames():
            if frame.opcode.value == CLOSE:
                return int(frame.payload[0])
    except ParseFailed as failure:
        return int(failure.code)
    return 0


@dataclass
class Hub:
    """It, and a key to publish."""

    running: Serving
    token: str

    def open(self, path: str = "/cam.mjpg") -> AbstractAsyncContextManager[Stream]:
        headers = {"Sec-WebSocket-Protocol": "televise.v1"}
        if path in PUBLISHED:
            headers = {"Authorization": f"Bearer {self.token}"}
        return Stream.open(self.running.port, path, headers, websocket=True)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    path: Path = tmp_path_factory.mktemp("keys") / "key"
    async with serving(f"cam={SMALL}", "in=publish:", key_file=path) as running:
        await running.is_live()
        yield Hub(running, Keys(path).sign(Grant("in", "publish"), 600))


WORD = "κόσμε".encode()
ASKED = QUESTION % 1
GOOD: dict[str, tuple[bytes, list[bytes]]] = {
    "a ping": (raw(FIN | PING), [b""]),
    "a ping with as much as fits": (raw(FIN | PING, bytes(125)), [bytes(125)]),
    "a ping with any bytes": (raw(FIN | PING, b"\x00\xff\xfe\xed"), [b"\x00\xff\xfe\xed"]),
    "ten pings": (
        b"".join(raw(FIN | PING, b"%d" % n) for n in range(10)),
        [b"%d" % n for n in range(10)],
    ),
    "a pong that nobody wants": (raw(FIN | PONG, b"here"), []),
    "fragments": (text(ASKED[:5], ASKED[5:20], ASKED[20:]), []),
    "fragments of a letter": (text(*(ASKED[at : at + 1] for at in range(len(ASKED)))), []),
    "empty fragments": (text(b"", ASKED, b"", b""), []),
    "a ping between fragments": (
        text(ASKED[:9], ASKED[9:], between=raw(FIN | PING, b"!")),
        [b"!"],
    ),
    "a letter in two fragments": (
        text(b'{"type":"later","x":"' + WORD[:3], WORD[3:] + b'"}'),
        [],
    ),
    "a letter of four bytes": (text('{"type":"later","x":"\U0001f600\U0010ffff"}'.encode()), []),
    "as long as it may be": (text(padded(MAX_MESSAGE_BYTES)), []),
    "so long in fragments": (text(padded(MAX_MESSAGE_BYTES - 2000), b" " * 2000), []),
}
BAD: dict[str, tuple[bytes, int]] = {
    "a ping that is too long": (raw(FIN | PING, bytes(126)), PROTOCOL),
    "a ping in fragments": (raw(MORE | PING, b"a"), PROTOCOL),
    "a close in fragments": (raw(MORE | CLOSE, b"\x03\xe8"), PROTOCOL),
    **{f"reserved bits {bits >> 4}": (raw(FIN | bits | TEXT, ASKED), PROTOCOL)
       for bits in (0x10, 0x20, 0x40, 0x70)},
    "a reserved bit of a ping": (raw(FIN | 0x40 | PING), PROTOCOL),
    **{f"opcode {opcode}": (raw(FIN | opcode), PROTOCOL)
       for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "a continuation of nothing": (raw(FIN | CONTINUED, ASKED), PROTOCOL),
    "another continuation of nothing": (raw(MORE | CONTINUED, ASKED), PROTOCOL),
    "a continuation of what has ended": (text(ASKED) + raw(FIN | CONTINUED), PROTOCOL),
    "a text within a text": (raw(MORE | TEXT, b"{") + text(ASKED), PROTOCOL),
    "bytes within a text": (raw(MORE | TEXT, b"{") + raw(FIN | BINARY), PROTOCOL),
    "a close of one byte": (raw(FIN | CLOSE, b"\x03"), PROTOCOL),
    "a close that is too long": (close(1000, b"x" * 124), PROTOCOL),
    **{f"close code {code}": (close(code), PROTOCOL)
       for code in (0, 999, 1004, 1005, 1016, 1100, 2000, 2999)},
    "a close with a broken reason": (close(1000, b"\xce\xba\xed\xa0\x80"), UTF8),
    "a surrogate": (text(WORD + b"\xed\xa0\x80edited"), UTF8),
    "a letter that is too long": (text(b"\xc0\x80"), UTF8),
    "a letter above all": (text(b"\xf4\x90\x80\x80"), UTF8),
    "a letter without its begin": (text(b"\x80"), UTF8),
    "a letter without its end": (text(b"ab\xce"), UTF8),
    "a broken letter in fragments": (text(b"\xce", b"a"), UTF8),
}  # fmt: skip
LARGE: dict[str, bytes] = {
    "a letter too long": text(padded(MAX_MESSAGE_BYTES + 1)),
    "too long in fragments": text(bytes(3000), bytes(3000)),
    "a promise of a terabyte": raw(FIN | TEXT, b"{", 1 << 40),
    "of all fragments only the first": raw(MORE | BINARY, bytes(MAX_MESSAGE_BYTES + 1)),
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("chopped", [False, True], ids=["whole", "chopped"])
async def test_what_may_be_said_is_heard(hub: Hub, name: str, chopped: bool) -> None:
    """Also where it comes byte by byte; a question after it is answered."""
    data, pongs = GOOD[name]
    assert opinion(data) == 0
    async with hub.open() as stream:
        await stream.frame()
        size = 1 if chopped and len(data) < 300 else 200
        for at in range(0, len(data), size):
            stream.writer.write(data[at : at + size])
            await stream.writer.drain()
        stream.writer.write(text(QUESTION % 7))
        heard = []
        while (frame := await stream.frame()).opcode != TEXT or frame.json.get("client") != 7:
            assert frame.opcode != CLOSE, frame
            heard += [frame.payload] if frame.opcode == PONG else []
    assert heard == pongs


@pytest.mark.parametrize("name", BAD)
async def test_what_may_not_be_said_ends_it(hub: Hub, name: str) -> None:
    data, code = BAD[name]
    assert opinion(data) == code
    async with hub.open() as stream:
        await stream.frame()
        assert await closed(stream, data) == code


@pytest.mark.parametrize("name", LARGE)
async def test_what_is_too_long_ends_it(hub: Hub, name: str) -> None:
    async with hub.open() as stream:
        await stream.frame()
        assert await closed(stream, LARGE[name]) == TOO_BIG


async def closed(stream: Stream, data: bytes) -> int:
    """The code with which it is closed after ``data``; nothing follows that."""
    stream.writer.write(data)
    while (frame := await stream.frame()).opcode != CLOSE:
        pass
    stream.writer.write(close(1000) + raw(FIN | PING))
    assert await stream.rest() == b""
    return frame.code


CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1014, 3000, 3999, 4000, 4999]


@pytest.mark.parametrize("code", CODES)
async def test_a_close_is_answered_and_nothing_follows_it(hub: Hub, code: int) -> None:
    async with hub.open() as stream:
        await stream.frame()
        stream.writer.write(close(code, "bis später".encode()) + raw(FIN | PING, b"?"))
        while (frame := await stream.frame()).opcode != CLOSE:
            assert frame.opcode != PONG
        assert frame.code in (1000, code)
        assert await stream.rest() == b""


@pytest.mark.parametrize("code", [1006, 65535])
@pytest.mark.parametrize("path", ["/cam.mjpg", "/api/wall", "/api/link", BY_LINK])
async def test_a_code_that_nobody_may_send(hub: Hub, path: str, code: int) -> None:
    """aiohttp would answer as to any other close."""
    assert opinion(close(code)) == PROTOCOL
    async with hub.open(path) as stream:
        await stream.frame()
        assert await closed(stream, close(code)) == PROTOCOL


async def test_a_close_may_be_empty(hub: Hub) -> None:
    async with hub.open() as stream:
        await stream.frame()
        stream.writer.write(raw(FIN | CLOSE))
        while (frame := await stream.frame()).opcode != CLOSE:
            pass
        assert frame.payload in (b"", (1000).to_bytes(2, "big"))


@pytest.mark.parametrize("path", ["/cam.mp4", "/api/wall", "/api/link", *PUBLISHED])
async def test_it_is_the_same_everywhere(hub: Hub, path: str) -> None:
    names = ["a ping that is too long", "reserved bits 4", "opcode 3", "a continuation of nothing"]
    for name in names:
        async with hub.open(path) as stream:
            assert stream.status == 101, stream.head
            stream.writer.write(raw(FIN | PING, b"?"))
            while (frame := await stream.frame()).opcode != PONG:
                pass
            assert frame.payload == b"?"
            assert (name, await closed(stream, BAD[name][0])) == (name, BAD[name][1])
