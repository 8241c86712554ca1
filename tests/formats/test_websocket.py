import asyncio
import base64
import contextlib
import hashlib

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError, LocalError
from televise.formats.websocket import (
    BINARY,
    CLOSE,
    TEXT,
    FrameReader,
    binary_frame,
    close_frame,
    masked_frame,
    text_frame,
)
from tests.formats.witness import golden

SIZES = [0, 1, 125, 126, 127, 65535, 65536, 70000]


def parsed(frame: bytes) -> tuple[int, bytes]:
    """First byte and payload of one unmasked frame (RFC 6455 section 5.2)."""
    length, start = frame[1], 2
    assert length < 128, "masked"
    if length >= 126:
        start = 4 if length == 126 else 10
        length = int.from_bytes(frame[2:start], "big")
        assert length > (125 if start == 4 else 0xFFFF), "not the shortest form"
    assert len(frame) == start + length
    return frame[0], frame[start:]


def test_golden_frames() -> None:
    frames = [text_frame("Hello"), binary_frame(bytes(126)), close_frame(1001, "going away")]
    assert b"".join(frames) == golden("websocket_frames")


def test_example_of_the_standard() -> None:
    """RFC 6455 section 5.7."""
    assert text_frame("Hello") == bytes.fromhex("810548656c6c6f")
    assert binary_frame(bytes(256))[:4] == bytes.fromhex("827e0100")
    assert binary_frame(bytes(65536))[:10] == bytes.fromhex("827f0000000000010000")


@pytest.mark.parametrize("size", SIZES)
def test_lengths_have_their_shortest_form(size: int) -> None:
    assert parsed(binary_frame(bytes(size))) == (0x82, bytes(size))
    assert parsed(text_frame("a" * size)) == (0x81, b"a" * size)


@given(st.text())
def test_texts_are_utf8(text: str) -> None:
    assert parsed(text_frame(text)) == (0x81, text.encode())


def test_a_lone_surrogate_cannot_break_a_viewer() -> None:
    assert parsed(text_frame("a\ud800b")) == (0x81, b"a?b")
    assert parsed(close_frame(1000, "\udfff")) == (0x88, b"\x03\xe8?")


@given(st.sampled_from([1000, 1001, 1008, 1011, 3000, 4999]), st.text(max_size=200))
def test_close_reasons_are_cut_between_characters(code: int, reason: str) -> None:
    first, payload = parsed(close_frame(code, reason))
    assert first == 0x88
    assert len(payload) <= 125
    assert int.from_bytes(payload[:2], "big") == code
    text = payload[2:].decode()
    assert reason.startswith(text)
    whole = len(reason.encode()) <= 123
    assert text == reason if whole else len(payload) > 125 - 4


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 5000, 65536, -1])
def test_codes_that_nobody_may_send(code: int) -> None:
    with pytest.raises(LocalError, match=r"section 7\.4"):
        close_frame(code, "")


async def test_aiohttps_client_reads_them() -> None:
    messages = [text_frame("grüße"), *(binary_frame(bytes([7]) * size) for size in SIZES)]
    stream = b"".join(messages) + close_frame(4001, "ü" * 100)
    served = asyncio.Event()
    server = await asyncio.start_server(lambda r, w: _serve(r, w, stream, served), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        assert await socket.receive_str() == "grüße"
        for size in SIZES:
            assert await socket.receive_bytes() == bytes([7]) * size
        closing = await socket.receive()
    await served.wait()
    assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 4001)
    assert closing.extra == "ü" * 61


async def _serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    stream: bytes,
    served: asyncio.Event,
) -> None:
    """The handshake of RFC 6455 section 4.2.2, then the frames."""
    request = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    key = next(line.split(": ")[1] for line in request if line.startswith("Sec-WebSocket-Key"))
    digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n" + stream
    )
    with contextlib.suppress(ConnectionError):
        await reader.read()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    served.set()


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=300)), max_size=8), st.data())
def test_frames_come_back_however_they_are_cut(
    sent: list[tuple[bool, bytes]], data: st.DataObject
) -> None:
    whole = b"".join(
        binary_frame(payload) if binary else close_frame(1000, payload.hex())
        for binary, payload in sent
    )
    reader, at, found = FrameReader(300), 0, []
    while at < len(whole):
        size = data.draw(st.integers(1, 400))
        found += list(reader.feed(whole[at : at + size]))
        at += size
    assert found == [
        (BINARY, payload) if binary else (CLOSE, b"\x03\xe8" + payload.hex().encode()[:123])
        for binary, payload in sent
    ]


def test_a_long_frame_comes_back() -> None:
    reader, whole = FrameReader(70_000), binary_frame(bytes(70_000))
    assert list(reader.feed(whole[:-1])) == []
    assert list(reader.feed(whole[-1:])) == [(BINARY, bytes(70_000))]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (binary_frame(bytes(301)), "a message of 301 bytes; the limit is 300"),
        (masked_frame(BINARY, b"abc", bytes(4)), "a masked frame from a server"),
    ],
)
def test_what_no_server_may_send_is_refused(frame: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        list(FrameReader(300).feed(frame))


@pytest.mark.parametrize("size", SIZES[:6])
def test_what_a_client_says_is_masked(size: int) -> None:
    """RFC 6455 section 5.3; its example in 5.7 is "Hello" under 37 fa 21 3d."""
    payload, mask = bytes(range(256)) * (size // 256 + 1), bytes.fromhex("37fa213d")
    frame = masked_frame(BINARY, payload[:size], mask)
    plain = binary_frame(payload[:size])
    start = len(plain) - size
    assert frame[: start + 4] == plain[:1] + bytes([plain[1] | 0x80]) + plain[2:start] + mask
    unmasked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(frame[start + 4 :]))
    assert unmasked == payload[:size]
    assert masked_frame(TEXT, b"Hello", mask) == bytes.fromhex("818537fa213d7f9f4d5158")
