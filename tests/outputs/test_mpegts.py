"""What viewers of ``/cam.ts`` get, whenever they come and whatever they miss."""

import io
import json
import subprocess
from dataclasses import replace
from functools import cache
from itertools import pairwise

import av
import pytest

from televise.errors import FormatError
from televise.formats import adts, h264, mpeg1
from televise.formats.websocket import binary_frame
from televise.hub.muxed import Chunk
from televise.media.planes import pixel_planes
from televise.model.log import Cursor, Log
from televise.model.packet import Packet
from televise.model.track import Track
from televise.outputs import mpegts
from televise.testing import read_barcode
from televise.web import envelope
from tests.conftest import Needs
from tests.formats.ts_reader import Read, read
from tests.formats.witness import ffmpeg, ffprobe
from tests.outputs.recording import RATE, Recording, record

SECONDS = 20
CODECS = ("mpeg1video", "h264")


@cache
def recording(video: str) -> Recording:
    return record(video, SECONDS)


def mux(recorded: Recording, muxer: type[mpegts.Endless] = mpegts.Endless) -> list[Chunk]:
    made = muxer(1, recorded.tracks)
    return [made.mux(packet) for packet in recorded.packets]


def join(chunks: list[Chunk]) -> bytes:
    return b"".join(chunk.data for chunk in chunks)


def behind(chunks: list[Chunk]) -> list[Chunk]:
    """What a viewer gets that pauses now and then, by the one rule of loss."""
    log: Log[Chunk] = Log()
    seen: list[Chunk] = []
    cursor: Cursor[Chunk] | None = None
    for number, chunk in enumerate(chunks):
        log.append(chunk)
        cursor = cursor or Cursor(log, max_latency=1.0)
        while number % 170 < 90 and (item := cursor.read()):
            seen.append(item)
    assert cursor is not None
    assert cursor.skipped
    return seen


@pytest.mark.parametrize("video", CODECS)
def test_ffmpeg_plays_all_of_it(video: str, needs: Needs) -> None:
    needs("ffmpeg")
    needs("ffprobe")
    recorded = recording(video)
    data = join(mux(recorded))
    ffmpeg(data, "-f", "mpegts", "-i", "-", "-f", "null", "-")
    streams = ffprobe(data, "-count_frames", "-show_streams")["streams"]
    sound = "mp2" if video == "mpeg1video" else "aac"
    assert [stream["codec_name"] for stream in streams] == [video, sound]
    assert int(streams[0]["nb_read_frames"]) == SECONDS * RATE
    assert int(streams[1]["nb_read_frames"]) == len(recorded.of(1))
    assert (streams[0]["width"], streams[0]["height"]) == (160, 120)


@pytest.mark.parametrize("video", CODECS)
def test_every_picture_is_the_right_one(video: str) -> None:
    for chunks in (mux(recording(video)), behind(mux(recording(video)))):
        with av.open(io.BytesIO(join(chunks)), "r", "mpegts") as container:
            for frame in container.decode(video=0):
                number = read_barcode(pixel_planes(frame)[0]).number
                assert frame.time is not None
                assert abs(frame.time - 1 - number / RATE) < 0.001


@pytest.mark.parametrize("video", CODECS)
def test_counters_are_right_after_a_skip(video: str, needs: Needs) -> None:
    """By our own reader, and by ffmpeg's, which tells of it in its debug log only."""
    chunks = mux(recording(video))
    seen = behind(chunks)
    assert len(seen) < len(chunks)
    assert not read(join(seen)).errors
    command = [needs("ffmpeg"), "-v", "debug", "-f", "mpegts", "-i", "-", "-f", "null", "-"]
    done = subprocess.run(command, input=join(seen), capture_output=True, check=True)
    assert b"mpegts" in done.stderr
    for complaint in (b"Continuity", b"corrupt", b"Non-monoton"):
        assert complaint not in done.stderr


@pytest.mark.parametrize("video", CODECS)
def test_it_can_be_copied_into_another_file(video: str) -> None:
    """Decoding times grow, and none must be invented."""
    found = read(join(mux(recording(video))))
    for pid in (0x100, 0x101):
        times = [pes.dts for pes in found.pes if pes.pid == pid]
        assert all(before < after for before, after in pairwise(times))
    if video == "mpeg1video":
        pictures = [pes for pes in found.pes if pes.pid == 0x100]
        assert all(before.pts == after.dts for before, after in pairwise(pictures))


@pytest.mark.parametrize("video", CODECS)
def test_a_viewer_may_begin_at_any_keyframe(video: str) -> None:
    recorded = recording(video)
    chunks = mux(recorded)
    begins = [number for number, chunk in enumerate(chunks) if chunk.keyframe]
    assert len(begins) == SECONDS / 2
    for packet, chunk in zip(recorded.packets, chunks, strict=True):
        assert chunk.keyframe == packet.keyframe
        if chunk.keyframe:
            found = read(chunk.data)
            assert [pid for pid, _ in found.sections] == [0, 0x1000]
            (pes,) = found.pes
            assert pes.random_access
            assert pes.stream_id == 0xE0
            assert_decodable(video, pes.data)


def assert_decodable(video: str, data: bytes) -> None:
    if video == "mpeg1video":
        assert mpeg1.check_jsmp(data)
        return
    kinds = [h264.nal_type(nal) for nal in h264.split_annexb(data)]
    assert kinds[:3] == [h264.AUD, h264.SPS, h264.PPS]
    assert set(kinds[3:]) == {h264.IDR}
    assert data.startswith(b"\0\0\0\1\x09")


def test_what_jsmpeg_looks_for() -> None:
    """Stream ids; one picture in one chunk, of which the end can be seen."""
    for chunk, packet in zip(
        mux(recording("mpeg1video")), recording("mpeg1video").packets, strict=True
    ):
        (pes,) = read(chunk.data).pes
        assert pes.stream_id == (0xC0 if packet.track else 0xE0)
        assert pes.data == packet.data
        assert pes.length or pes.padded


def test_sound_in_adts() -> None:
    recorded = recording("h264")
    pes = [pes for pes in read(join(mux(recorded))).pes if pes.pid == 0x101]
    config, frames = adts.split_adts(b"".join(each.data for each in pes))
    assert (config.sample_rate, config.channels) == (48000, 1)
    assert frames == [packet.data for packet in recorded.of(1)]


def test_messages() -> None:
    recorded = recording("mpeg1video")
    plain, bare = mux(recorded), mux(recorded, mpegts.BareMessages)
    told = mux(recorded, mpegts.ToldMessages)
    assert [chunk.data for chunk in bare] == [binary_frame(chunk.data) for chunk in plain]
    assert {chunk.init for chunk in plain + bare} == {b""}
    assert {chunk.init for chunk in told} == {envelope.init(1, "video/mp2t", b"")}
    assert json.loads(told[0].init[2:]) == {"type": "init", "epoch": 1, "mime": "video/mp2t"}
    for packet, chunk, data in zip(recorded.packets, told, plain, strict=True):
        expected = envelope.chunk(packet, recorded.tracks[packet.track], data.data)
        assert chunk.data == expected


def test_another_epoch_has_other_tables() -> None:
    recorded = recording("mpeg1video")
    versions = set()
    for epoch in (1, 2, 34):
        muxer = mpegts.Endless(epoch, recorded.tracks)
        found = read(muxer.mux(recorded.packets[0]).data)
        versions.add(found.sections[1][1][5] >> 1 & 31)
    assert versions == {1, 2}


def test_an_epoch_follows_another_without_an_error() -> None:
    recorded = recording("mpeg1video")
    first, second = mux(recorded)[:77], mux(replace(recorded, tracks=recorded.tracks))
    assert not read(join(first + second)).errors


def test_a_broken_packet_is_left_out() -> None:
    recorded = recording("h264")
    muxer = mpegts.Endless(1, recorded.tracks)
    broken = replace(recorded.packets[0], data=b"\0\0\xff\xff\x65")
    chunk = muxer.mux(broken)
    assert (chunk.data, chunk.keyframe) == (b"", False)
    assert read(muxer.mux(recorded.packets[0]).data).pes


def test_a_codec_that_does_not_fit() -> None:
    with pytest.raises(FormatError, match="no mjpeg"):
        mpegts.Endless(1, (Track("video", "mjpeg", 90000),))


def test_sound_alone() -> None:
    """Its packets are all keyframes, but the tables do not stand before each."""
    track = recording("h264").tracks[1]
    packets = [replace(p, track=0, keyframe=True) for p in recording("h264").of(1)]
    muxer = mpegts.Endless(1, (track,))
    chunks = [muxer.mux(packet) for packet in packets]
    begins = [chunk.seconds for chunk in chunks if chunk.keyframe]
    assert all(0.25 <= after - before < 0.3 for before, after in pairwise(begins))
    assert all(bool(found_tables(chunk)) >= chunk.keyframe for chunk in chunks)
    assert not read(join(chunks[:50] + chunks[chunks.index(last_keyframe(chunks)) :])).errors


def found_tables(chunk: Chunk) -> list[tuple[int, bytes]]:
    found: Read = read(chunk.data)
    return found.sections


def last_keyframe(chunks: list[Chunk]) -> Chunk:
    return next(chunk for chunk in reversed(chunks) if chunk.keyframe)


def test_times_in_other_time_bases() -> None:
    track = Track("audio", "mp2", 44100)
    packet = Packet(0, 1, 1, b"sound", 44100, 22050, 1152, True, 0, 0.5)
    (pes,) = read(mpegts.Endless(1, (track,)).mux(packet).data).pes
    assert (pes.pts, pes.dts) == (90_000 + 90_000, 45_000 + 90_000)
