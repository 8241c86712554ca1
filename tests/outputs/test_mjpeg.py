"""``/cam.mjpg``: for browsers, for strict clients, and as WebSocket messages."""

import io
import re
from collections.abc import AsyncIterator

import PIL.Image
import pytest
import pytest_asyncio

from televise.formats import multipart
from tests.support.server import Serving, serving
from tests.support.wire import BINARY, TEXT, Stream

pytestmark = pytest.mark.asyncio(loop_scope="module")

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
PICTURES = 5


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live() -> AsyncIterator[Serving]:
    async with serving() as running:
        await running.is_live()
        yield running


def size_of(jpeg: bytes) -> tuple[int, int]:
    """Decoded whole, so that a cut picture fails."""
    with PIL.Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
        picture.load()
        return picture.size


async def strict_part(stream: Stream) -> tuple[float, bytes]:
    """One part as RFC 2046 clients read it: when it was captured, and the picture."""
    head = (await stream.until(b"\r\n\r\n")).decode()
    boundary, *lines = head.rstrip("\r\n").split("\r\n")
    assert boundary == "--televise"
    fields = dict(line.split(": ") for line in lines)
    assert fields["Content-Type"] == "image/jpeg"
    data = await stream.exactly(int(fields["Content-Length"]))
    assert await stream.exactly(2) == b"\r\n"
    return float(fields["X-Timestamp"]), data


async def test_strict_clients_get_whole_parts_with_their_length(live: Serving) -> None:
    async with live.stream("/cam.mjpg") as stream:
        assert stream.headers["content-type"] == multipart.content_type()
        assert stream.headers["connection"] == "close"
        assert "transfer-encoding" not in stream.headers, "the head of a part is no chunk's size"
        parts = [await strict_part(stream) for _ in range(PICTURES)]
    assert [size_of(picture) for _, picture in parts] == [(160, 120)] * PICTURES
    times = [captured for captured, _ in parts]
    assert times == sorted(set(times))


async def test_browsers_get_the_next_head_with_each_picture(live: Serving) -> None:
    opening = b"--televise\r\nContent-Type: image/jpeg\r\n\r\n"
    async with live.stream("/cam.mjpg", headers=BROWSER) as stream:
        assert await stream.exactly(len(opening)) == opening
        for _ in range(PICTURES):
            picture = (await stream.until(opening)).removesuffix(opening)
            assert picture.endswith(b"\xff\xd9\r\n")
            assert size_of(picture.removesuffix(b"\r\n")) == (160, 120)


async def test_bare_websockets_get_one_jpeg_per_message_and_nothing_else(live: Serving) -> None:
    async with live.stream_socket("/cam.mjpg") as stream:
        assert "sec-websocket-protocol" not in stream.headers
        assert "sec-websocket-extensions" not in stream.headers
        for _ in range(PICTURES):
            frame = await stream.frame()
            assert frame.opcode == BINARY
            assert size_of(frame.payload) == (160, 120)


async def test_compression_is_declined(live: Serving) -> None:
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    async with live.stream_socket("/cam.mjpg", headers=offer) as stream:
        assert "sec-websocket-extensions" not in stream.headers
        assert size_of((await stream.frame()).payload) == (160, 120)


async def test_the_subprotocol_of_jsmpeg_is_echoed_only_when_asked(live: Serving) -> None:
    asked = {"Sec-WebSocket-Protocol": "null"}
    async with live.stream_socket("/cam.mjpg", headers=asked) as stream:
        assert stream.headers["sec-websocket-protocol"] == "null"
        assert (await stream.frame()).opcode == BINARY


async def test_told_websockets_hear_what_each_picture_is(live: Serving) -> None:
    async with live.told("/cam.mjpg") as stream:
        assert stream.headers["sec-websocket-protocol"] == "televise.v1"
        frames = [await stream.frame() for _ in range(2 + 2 * PICTURES)]
    assert [frame.opcode for frame in frames] == [TEXT, TEXT, *[TEXT, BINARY] * PICTURES]
    hello, init = frames[0].json, frames[1].json
    assert (hello["type"], hello["channel"], hello["state"]) == ("hello", "cam", "live")
    assert (init["type"], init["mime"]) == ("init", "image/jpeg")
    chunks = [frame.json for frame in frames[2::2]]
    assert {chunk["type"] for chunk in chunks} == {"chunk"}
    assert {chunk["epoch"] for chunk in chunks} == {init["epoch"]}
    assert all(chunk["keyframe"] for chunk in chunks)
    sequence = [chunk["sequence"] for chunk in chunks]
    assert sequence == list(range(sequence[0], sequence[0] + PICTURES))
    for name in ("pts", "captured"):
        values = [chunk[name] for chunk in chunks]
        assert values == sorted(set(values))


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("w=80", (80, 60)),
        ("h=60", (80, 60)),
        ("w=64&h=64", (64, 64)),
        ("w=80&fps=5&q=20&max_latency=300ms&bitrate=1M", (80, 60)),
        ("width=80&unknown=%ff", (160, 120)),
    ],
)
async def test_pictures_come_as_asked(live: Serving, query: str, size: tuple[int, int]) -> None:
    async with live.stream(f"/cam.mjpg?{query}") as stream:
        assert size_of((await strict_part(stream))[1]) == size


async def test_lower_quality_makes_smaller_pictures(live: Serving) -> None:
    async with live.stream("/cam.mjpg?q=95") as fine, live.stream("/cam.mjpg?q=5") as coarse:
        assert len((await strict_part(coarse))[1]) < len((await strict_part(fine))[1]) / 2


async def test_head_tells_what_it_would_be_and_starts_no_encoder(live: Serving) -> None:
    async with live.get("/cam.mjpg?w=32", "HEAD") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == multipart.content_type()
        assert await answer.read() == b""
    assert all(encoding.rendition.w != 32 for encoding in live.channel().encodings)


async def test_the_boundary_is_the_one_that_is_announced(live: Serving) -> None:
    async with live.stream("/cam.mjpg") as stream:
        match = re.fullmatch(
            r"multipart/x-mixed-replace;\s*boundary=(\S+)", stream.headers["content-type"]
        )
        assert match is not None
        assert await stream.exactly(len(match[1]) + 2) == f"--{match[1]}".encode()
