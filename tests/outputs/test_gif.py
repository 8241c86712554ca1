"""``/cam.gif``: byte by byte, by decoders that know nothing of us, and from the past on."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from televise.formats import gif
from televise.hub.muxed import Muxed
from televise.model.log import Cursor
from televise.model.packet import Packet
from televise.model.track import Track
from televise.outputs.gif import BareMessages, ToldMessages
from televise.web.endless_gif import EndlessGif, parse_gif_query
from tests.conftest import Needs
from tests.support.gif import is_whole, numbers, parsed, read_frame, read_header
from tests.support.server import Serving, serving
from tests.support.wire import BINARY, TEXT

pytestmark = pytest.mark.asyncio(loop_scope="module")

FPS = 30
QUERY = f"w=160&fps={FPS}"
FRAMES = 120


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live() -> AsyncIterator[Serving]:
    async with serving(f"cam=pattern:?size=160x120&fps={FPS}") as running:
        await running.is_live()
        yield running


async def test_every_byte_of_a_live_stream_follows_the_format(live: Serving) -> None:
    async with live.stream(f"/cam.gif?{QUERY}") as stream:
        assert stream.headers["content-type"] == "image/gif"
        assert not {"content-length", "transfer-encoding"} & stream.headers.keys()
        header = await read_header(stream)
        frames = [await read_frame(stream) for _ in range(FRAMES)]
    assert header == gif.header(160, 120)
    assert is_whole(header, frames[0])
    for data in frames:
        frame = parsed(header, data)
        assert (frame.control.disposal, frame.control.delay) == (1, 2)
        assert frame.end == len(header + data)
        if is_whole(header, data):
            assert data[17] == 0x87, "256 colours, as the originals' clients expect"
    seen = numbers(header + b"".join(frames))
    assert len(seen) == FRAMES
    assert seen == sorted(set(seen))


async def test_ffmpeg_decodes_what_was_streamed(
    live: Serving, needs: Needs, tmp_path: Path
) -> None:
    """From a file: ffmpeg looks for the end of a GIF before it shows any of it."""
    async with live.stream(f"/cam.gif?{QUERY}") as stream:
        header = await read_header(stream)
        frames = [await read_frame(stream) for _ in range(FRAMES)]
    recorded = tmp_path / "recorded.gif"
    recorded.write_bytes(header + b"".join(frames))
    command = [needs("ffmpeg"), "-v", "error", "-xerror", "-i", str(recorded)]
    command += ["-fps_mode", "passthrough", "-f", "framehash", "-"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)
    pictures = [line.split()[-1] for line in done.stdout.splitlines() if line[:1] != b"#"]
    assert (len(set(pictures)), done.stderr) == (FRAMES, b"")


async def test_a_burst_begins_in_the_past_with_a_whole_picture(live: Serving) -> None:
    async with live.stream(f"/cam.gif?{QUERY}") as early:
        header = await read_header(early)
        known = numbers(header + b"".join([await read_frame(early) for _ in range(4 * FPS)]))
        async with live.stream(f"/cam.gif?{QUERY}&burst=3s") as late:
            assert await read_header(late) == header
            frames = [await read_frame(late) for _ in range(4 * FPS)]
    assert is_whole(header, frames[0])
    seen = numbers(header + b"".join(frames))
    # Whole pictures come at least every 20 frames.
    assert known[-1] - 3 * FPS <= seen[0] + 20
    assert seen[0] < known[-1] - 2 * FPS, "at least two seconds old"
    assert seen[-1] > known[-1], "and it goes on into the present"
    # A busy machine leaves out a picture, but brings none twice or late.
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    ("source", "query", "size"),
    [
        ("160x120", "", (160, 120)),
        ("1280x720", "", (480, 270)),
        ("160x120", "w=480", (480, 360)),
        ("640x480", "h=240", (320, 240)),
    ],
)
async def test_a_gif_is_never_enlarged_unasked(
    source: str, query: str, size: tuple[int, int]
) -> None:
    async with serving(f"cam=pattern:?size={source}&fps=10") as running:
        await running.is_live()
        async with running.stream(f"/cam.gif?{query}") as stream:
            assert await read_header(stream) == gif.header(*size)


async def test_bare_websockets_get_the_header_and_then_one_frame_per_message(
    live: Serving,
) -> None:
    async with live.stream_socket(f"/cam.gif?{QUERY}") as stream:
        messages = [await stream.frame() for _ in range(30)]
    assert {message.opcode for message in messages} == {BINARY}
    header, *frames = [message.payload for message in messages]
    assert header == gif.header(160, 120)
    assert is_whole(header, frames[0])
    assert all(parsed(header, data).end == len(header + data) for data in frames)


async def test_told_websockets_hear_what_each_frame_is(live: Serving) -> None:
    async with live.told(f"/cam.gif?{QUERY}") as stream:
        hello, init, header, *rest = [await stream.frame() for _ in range(23)]
    assert (hello.json["type"], init.json["type"]) == ("hello", "init")
    assert (init.json["mime"], header.payload) == ("image/gif", gif.header(160, 120))
    assert [frame.opcode for frame in rest] == [TEXT, BINARY] * 10
    for told, data in zip(rest[::2], rest[1::2], strict=True):
        assert told.json["keyframe"] == is_whole(header.payload, data.payload)


@pytest.mark.parametrize("query", ["fps=41", "fps=120", "burst=11s", "burst=10", "colors=1", "w=1"])
async def test_what_a_gif_cannot_be_is_refused(live: Serving, query: str) -> None:
    async with live.get(f"/cam.gif?{query}") as answer:
        assert answer.status == 400
        assert (await answer.text()).startswith(query.partition("=")[0])


async def test_what_is_asked_for_by_default() -> None:
    query = parse_gif_query("")
    assert (query.rendition.fps, query.max_latency, query.burst) == (10, 0.5, 0)
    assert parse_gif_query("fps=40").rendition.fps == 40
    assert parse_gif_query("max_latency=2s&burst=10s").max_latency == 12


async def test_ten_seconds_are_kept_and_not_skipped_while_they_are_read() -> None:
    muxed = Muxed(EndlessGif)
    muxed.begin(1, (Track("video", "gif", 90_000, width=16, height=16),))

    def append(number: int) -> None:
        seconds, whole = number / 10, number % 20 == 0
        muxed.append(Packet(0, 1, number, b"%d" % number, 0, 0, 9000, whole, 0, seconds))

    for number in range(300):
        append(number)
    query = parse_gif_query("burst=10s")
    cursor = Cursor(muxed.log, query.max_latency, query.burst)
    read = []
    # A slow reader: one frame more comes for every four that it takes.
    for number in range(300, 320):
        append(number)
        read += [int(chunk.data) for _ in range(4) if (chunk := cursor.read())]
    assert read[0] == 200
    assert read == list(range(200, 280))
    assert cursor.skipped == 0


def muxed_header(muxer: type[EndlessGif], epoch: int, width: int) -> bytes:
    packet = Packet(0, epoch, 0, b"frame", 0, 0, 1, True, 0, 0.0)
    tracks = (Track("video", "gif", 90_000, width=width, height=16),)
    return muxer(epoch, tracks).mux(packet).init


@pytest.mark.parametrize("muxer", [EndlessGif, BareMessages, ToldMessages])
async def test_a_file_has_one_header(muxer: type[EndlessGif]) -> None:
    first = muxed_header(muxer, 1, 16)
    assert muxed_header(muxer, 1, 32) != first
    if muxer is EndlessGif:
        assert muxed_header(muxer, 2, 16) is first, "by which it is known not to be sent again"
    assert muxer.one_init == (muxer is not ToldMessages)
