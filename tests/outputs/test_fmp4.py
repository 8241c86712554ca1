"""``/cam.mp4``: init segment, then one fragment per packet, in order, from a keyframe on."""

import subprocess
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from televise.formats.box import boxes
from tests.conftest import Needs
from tests.support.mp4 import Fragment, is_init, parse_fragment
from tests.support.server import Serving, serving
from tests.support.wire import BINARY, TEXT, Stream

pytestmark = pytest.mark.asyncio(loop_scope="module")

TONED = "cam=pattern:?size=160x120&fps=15&tone=440"
COUNT = 60


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live() -> AsyncIterator[Serving]:
    async with serving(TONED, "mute=pattern:?size=160x120&fps=15") as running:
        await running.is_live("cam")
        await running.is_live("mute")
        yield running


async def read_http(stream: Stream, count: int) -> tuple[bytes, list[bytes]]:
    """The init segment, and ``count`` fragments."""
    head = [await stream.box(), await stream.box()]
    assert [name for name, _ in head] == ["ftyp", "moov"]
    fragments = []
    for _ in range(count):
        (moof, first), (mdat, second) = await stream.box(), await stream.box()
        assert (moof, mdat) == ("moof", "mdat")
        fragments.append(first + second)
    return head[0][1] + head[1][1], fragments


def assert_in_order(fragments: list[Fragment]) -> None:
    assert fragments[0].sync
    assert fragments[0].starts_at_idr, "the first picture needs no other"
    numbers = [fragment.sequence for fragment in fragments]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    for track in {fragment.track for fragment in fragments}:
        times = [fragment.decode_time for fragment in fragments if fragment.track == track]
        assert all(before < after for before, after in pairwise(times))


async def test_http_is_one_file_without_end(live: Serving) -> None:
    async with live.stream("/cam.mp4") as stream:
        assert stream.headers["content-type"] == "video/mp4"
        assert "transfer-encoding" not in stream.headers
        _, messages = await read_http(stream, COUNT)
    fragments = [parse_fragment(message) for message in messages]
    assert_in_order(fragments)
    assert {fragment.track for fragment in fragments} == {1, 2}


async def test_ffmpeg_plays_every_fragment(live: Serving, needs: Needs, tmp_path: Path) -> None:
    async with live.stream("/cam.mp4") as stream:
        init, fragments = await read_http(stream, COUNT)
    film = tmp_path / "film.mp4"
    film.write_bytes(init + b"".join(fragments))
    assert_plays(needs("ffmpeg"), film)
    pictures = sum(parse_fragment(fragment).track == 1 for fragment in fragments)
    assert count_pictures(needs("ffprobe"), film) == pictures


def assert_plays(ffmpeg: str, film: Path) -> None:
    options = ["-v", "error", "-xerror", "-err_detect", "explode"]
    command = [ffmpeg, *options, "-i", str(film), "-f", "null", "-"]
    played = subprocess.run(command, capture_output=True, check=False)
    assert (played.returncode, played.stderr) == (0, b"")


def count_pictures(ffprobe: str, film: Path) -> int:
    options = ["-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames"]
    command = [ffprobe, "-v", "error", *options, "-of", "csv=p=0", str(film)]
    probed = subprocess.run(command, capture_output=True, check=True)
    return int(probed.stdout.strip().rstrip(b","))


async def test_a_bare_websocket_is_the_same_in_messages(live: Serving) -> None:
    async with live.stream_socket("/cam.mp4") as stream:
        frames = [await stream.frame() for _ in range(1 + COUNT)]
    assert {frame.opcode for frame in frames} == {BINARY}
    assert is_init(frames[0].payload)
    assert_in_order([parse_fragment(frame.payload) for frame in frames[1:]])


async def test_a_told_websocket_says_what_each_fragment_is(live: Serving) -> None:
    async with live.told("/cam.mp4") as stream:
        frames = [await stream.frame() for _ in range(3 + 2 * COUNT)]
    assert [frame.opcode for frame in frames] == [TEXT, TEXT, BINARY, *[TEXT, BINARY] * COUNT]
    init = frames[1].json
    assert init["mime"].startswith('video/mp4; codecs="avc1.')
    assert init["mime"].endswith(',mp4a.40.2"')
    assert is_init(frames[2].payload)
    fragments = [parse_fragment(frame.payload) for frame in frames[4::2]]
    assert_in_order(fragments)
    chunks = [frame.json for frame in frames[3::2]]
    tracks = [{"video": 1, "audio": 2}[chunk["track"]] for chunk in chunks]
    assert tracks == [fragment.track for fragment in fragments]
    pictures = [
        (chunk["keyframe"], fragment.sync)
        for chunk, fragment in zip(chunks, fragments, strict=True)
        if chunk["track"] == "video"
    ]
    assert all(told == written for told, written in pictures)


async def test_a_late_joiner_begins_at_the_newest_keyframe(live: Serving) -> None:
    """It gets what others got since then, at once, and every fragment after."""
    async with live.stream_socket("/mute.mp4") as first:
        assert is_init((await first.frame()).payload)
        early = [parse_fragment((await first.frame()).payload) for _ in range(20)]
        async with live.stream_socket("/mute.mp4") as second:
            assert is_init((await second.frame()).payload)
            late = [parse_fragment((await second.frame()).payload) for _ in range(20)]
        early += [parse_fragment((await first.frame()).payload) for _ in range(20)]
    assert_in_order(early)
    assert_in_order(late)
    keyframes = [fragment for fragment in early if fragment.sync]
    assert late[0] in keyframes, "the same bytes, not a new encoding"
    begin = early.index(late[0])
    assert late[: len(early) - begin] == early[begin : begin + 20]
    assert not any(fragment.sync for fragment in early[begin + 1 : 20]), "and the newest"


async def test_without_sound_there_is_one_track(live: Serving) -> None:
    async with live.stream("/mute.mp4") as stream:
        init, messages = await read_http(stream, 10)
    assert init.count(b"trak") == 1
    assert {parse_fragment(message).track for message in messages} == {1}


@pytest.mark.parametrize("query", ["w=80", "w=64&h=64", "fps=5", "bitrate=100k", "q=50"])
async def test_renditions_are_whole_streams_too(live: Serving, query: str) -> None:
    async with live.stream(f"/mute.mp4?{query}") as stream:
        init, messages = await read_http(stream, 5)
    assert_in_order([parse_fragment(message) for message in messages])
    if query == "w=80":
        width, height = (80 << 16).to_bytes(4, "big"), (60 << 16).to_bytes(4, "big")
        assert width + height in init


async def test_quality_means_nothing_to_h264_and_starts_no_other_encoder(live: Serving) -> None:
    async with live.stream_socket("/mute.mp4") as plain:
        await plain.frame()
        async with live.stream_socket("/mute.mp4?q=50") as asked:
            await asked.frame()
            video = [each for each in live.channel("mute").encodings if each.rendition.untouched]
            assert [encoding.users for encoding in video] == [2]


async def test_a_message_is_never_more_than_one_fragment(live: Serving) -> None:
    async with live.stream_socket("/cam.mp4") as stream:
        await stream.frame()
        for _ in range(COUNT):
            names = [name for name, _, _ in boxes((await stream.frame()).payload)]
            assert names == ["moof", "mdat"]
