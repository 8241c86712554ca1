"""What viewers of ``/cam.m1v`` get: an elementary stream, or the ``jsmp`` protocol."""

from dataclasses import replace
from functools import cache

from televise.formats import mpeg1
from televise.formats.websocket import binary_frame
from televise.hub.muxed import Chunk, MakeMuxer
from televise.outputs.mpeg1 import BareMessages, endless, told
from televise.web import envelope
from tests.conftest import Needs
from tests.formats.witness import ffmpeg, ffprobe
from tests.outputs.recording import RATE, Recording, record

SECONDS = 6


@cache
def recording() -> Recording:
    recorded = record("mpeg1video", SECONDS)
    return Recording(recorded.tracks[:1], recorded.of(0))


def chunks(muxer: MakeMuxer) -> list[Chunk]:
    made = muxer(1, recording().tracks)
    return [made.mux(packet) for packet in recording().packets]


def test_ffmpeg_plays_the_stream_from_any_keyframe(needs: Needs) -> None:
    needs("ffmpeg")
    needs("ffprobe")
    made = chunks(endless)
    assert {chunk.init for chunk in made} == {b""}
    begins = [number for number, chunk in enumerate(made) if chunk.keyframe]
    assert len(begins) == SECONDS / 2
    for begin in begins:
        data = b"".join(chunk.data for chunk in made[begin:])
        ffmpeg(data, "-f", "mpegvideo", "-i", "-", "-f", "null", "-")
        (stream,) = ffprobe(data, "-count_frames", "-show_streams")["streams"]
        assert stream["codec_name"] == "mpeg1video"
        assert int(stream["nb_read_frames"]) == SECONDS * RATE - begin


def test_the_jsmp_protocol() -> None:
    made = chunks(BareMessages)
    assert {chunk.init for chunk in made} == {binary_frame(b"jsmp\x00\xa0\x00\x78")}
    for packet, chunk in zip(recording().packets, made, strict=True):
        assert chunk.data == binary_frame(packet.data)
        assert mpeg1.check_jsmp(packet.data) == chunk.keyframe == packet.keyframe


def test_nobody_gets_the_header_again_while_the_size_stays() -> None:
    """The client would take it for a part of the picture."""
    tracks = recording().tracks
    first, second, other = (
        BareMessages(epoch, tracks_now).mux(recording().packets[0]).init
        for epoch, tracks_now in (
            (1, tracks),
            (2, (replace(tracks[0], reason="another"),)),
            (3, (replace(tracks[0], width=320),)),
        )
    )
    assert first is second
    assert other != first


def test_a_picture_against_the_rules_is_left_out_with_all_that_need_it() -> None:
    muxer = BareMessages(1, recording().tracks)
    packets = recording().packets[:60]
    too_large = packets[5].data + bytes(512 << 10)
    packets[5] = replace(packets[5], data=too_large)
    made = [muxer.mux(packet) for packet in packets]
    sent = [number for number, chunk in enumerate(made) if chunk.data]
    assert sent == [*range(5), *range(50, 60)]
    assert [number for number, chunk in enumerate(made) if chunk.keyframe] == [0, 50]


def test_told_messages() -> None:
    made = chunks(told)
    assert {chunk.init for chunk in made} == {envelope.init(1, "video/mpeg", b"")}
    for packet, chunk in zip(recording().packets, made, strict=True):
        assert chunk.data == envelope.chunk(packet, recording().tracks[0], packet.data)
        assert chunk.keyframe == packet.keyframe
