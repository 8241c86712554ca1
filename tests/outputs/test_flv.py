"""``/cam.flv``: one header, then tags; what a decoder needs stands before each keyframe."""

import io
import re
from collections.abc import AsyncIterator
from itertools import pairwise

import av
import pytest
import pytest_asyncio

from televise.formats import flv as flv_format
from televise.model.packet import Packet
from televise.model.track import Track
from televise.outputs import flv
from televise.outputs.flv import BareMessages, Endless, ToldMessages
from tests.formats.witness import ffmpeg, golden
from tests.outputs.recording import record
from tests.support.server import Serving, serving
from tests.support.wire import BINARY, TEXT, Stream

pytestmark = pytest.mark.asyncio(loop_scope="module")

VIDEO = Track("video", "h264", 90_000, width=64, height=48, config=b"avcC")
AUDIO = Track("audio", "aac", 48_000, sample_rate=48_000, channels=2, config=b"\x11\x90")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live() -> AsyncIterator[Serving]:
    async with serving("cam=pattern:?size=160x120&fps=15&tone=440") as running:
        await running.is_live()
        yield running


def packet(track: int, data: bytes, dts: int, pts: int, *, keyframe: bool) -> Packet:
    return Packet(track, 1, 1, data, pts, dts, 1, keyframe, 0, dts / 90_000)


async def test_golden_bytes() -> None:
    """An IDR picture, one that is shown 40 ms after it is decoded, and sound."""
    muxer = Endless(1, (VIDEO, AUDIO))
    chunks = [
        muxer.mux(packet(0, b"idr", 90_000, 90_000, keyframe=True)),
        muxer.mux(packet(1, b"aac", 49_000, 49_000, keyframe=False)),
        muxer.mux(packet(0, b"p", 93_600, 97_200, keyframe=False)),
    ]
    data = chunks[0].init + b"".join(chunk.data for chunk in chunks)
    assert data == golden("flv_stream")
    assert [chunk.keyframe for chunk in chunks] == [True, False, False]


async def test_after_49_days_its_clock_begins_again() -> None:
    muxer = Endless(1, (VIDEO,))
    ticks = ((1 << 32) + 5) * 90
    data = muxer.mux(packet(0, b"p", ticks, ticks, keyframe=False)).data
    assert data[4:8] == bytes((0, 0, 5, 0))


async def test_no_epoch_brings_another_header() -> None:
    """A viewer is sent each init that is not the very one that it has."""
    for make in (Endless, BareMessages):
        inits = {
            id(make(n, (VIDEO,)).mux(packet(0, b"x", 0, 0, keyframe=True)).init) for n in (1, 2)
        }
        assert len(inits) == 1


@pytest.mark.parametrize("make", [Endless, BareMessages, ToldMessages])
async def test_the_header_says_whether_there_is_sound(make: type[Endless]) -> None:
    """Players wait for the sound that it promises; ffmpeg does for up to 90 seconds."""
    for tracks, flags in (((VIDEO,), b"FLV\1\1"), ((VIDEO, AUDIO), b"FLV\1\5")):
        assert flags in make(1, tracks).mux(packet(0, b"x", 0, 0, keyframe=True)).init


async def read(stream: Stream, count: int) -> bytes:
    """The header and so many tags."""
    data = await stream.exactly(13)
    assert data == flv_format.HEADER
    for _ in range(count):
        head = await stream.exactly(11)
        size = int.from_bytes(head[1:4], "big")
        data += head + await stream.exactly(size + 4)
        assert int.from_bytes(data[-4:], "big") == size + 11
    return data


async def test_ffmpeg_plays_it(live: Serving) -> None:
    async with live.stream("/cam.flv") as stream:
        assert stream.headers["content-type"] == "video/x-flv"
        data = await read(stream, 120)
    ffmpeg(data, "-f", "flv", "-i", "-", "-f", "null", "-")
    with av.open(io.BytesIO(data), "r", format="flv") as container:
        assert {stream.type for stream in container.streams} == {"video", "audio"}
        packets = [packet for packet in container.demux() if packet.size]
    for index in (0, 1):
        times = [packet.dts or 0 for packet in packets if packet.stream_index == index]
        assert len(times) > 10
        assert all(before < after for before, after in pairwise(times))


async def test_two_epochs_are_one_stream_to_ffmpeg() -> None:
    """The second has another size."""
    small, large = record("h264", 0.6), record("h264", 0.6, (320, 240))
    data = b""
    for shift, recording in enumerate((small, large)):
        muxer = Endless(shift, recording.tracks)
        for each in recording.packets:
            scale = recording.tracks[each.track].timescale
            ticks = shift * scale
            moved = packet(each.track, each.data, each.dts + ticks, each.pts + ticks,
                           keyframe=each.keyframe)  # fmt: skip
            chunk = muxer.mux(moved)
            data += chunk.data if data else chunk.init + chunk.data
    with av.open(io.BytesIO(data), "r", format="flv") as container:
        sizes = [(frame.width, frame.height) for frame in container.decode(video=0)]
    assert sizes == [(160, 120)] * 15 + [(320, 240)] * 15
    ffmpeg(data, "-f", "flv", "-i", "-", "-an", "-f", "null", "-")


async def test_a_websocket_gets_the_same_in_messages(live: Serving) -> None:
    async with live.stream_socket("/cam.flv") as stream:
        messages = [await stream.frame() for _ in range(60)]
    assert {message.opcode for message in messages} == {BINARY}
    assert messages[0].payload == flv_format.HEADER
    data = b"".join(message.payload for message in messages)
    ffmpeg(data, "-f", "flv", "-i", "-", "-f", "null", "-")


async def test_players_are_told_what_it_is(live: Serving) -> None:
    async with live.told("/cam.flv") as stream:
        messages = [await stream.frame() for _ in range(40)]
    told = [message.json for message in messages if message.opcode == TEXT]
    (init,) = [each for each in told if each["type"] == "init"]
    assert init["mime"] == flv.MIME
    assert any(re.match(rb"FLV\x01\x05", message.payload) for message in messages)
