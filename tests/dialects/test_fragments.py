"""Times of fragments: no holes, which browsers would fall into, and a beginning at zero."""

from fractions import Fraction

import pytest

from televise.dialects.fragments import FromZero, Shared
from televise.formats import aac
from televise.formats.box import find
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.track import Track
from tests.support.mp4 import parse_fragment

SCALE, STEP = 90_000, 3_000
CONFIG = bytes.fromhex("0164001fffe1000a6764001facd9405005bb01000468ebecb2fdf8f800")
VIDEO = Track("video", "h264", SCALE, CONFIG, 640, 360)
SOUND = Track("audio", "aac", 48_000, aac.make_audio_config(2, 48_000, 2).data)
HOUR = 3600 * SCALE


def picture(time: int, keyframe: bool = False) -> Packet:
    return Packet(0, 1, 0, b"\0\0\0\1e", time, time, STEP, keyframe, 0, time / SCALE)


def sound(time: int) -> Packet:
    return Packet(1, 1, 0, b"aac", time, time, 1024, False, 0, time / 48_000)


def times(chunk: Chunk) -> tuple[int, int]:
    """Where the fragment in this message begins, and how long it lasts."""
    message = chunk.data[chunk.data.index(b"moof") - 4 :]
    run = find(message, "moof", "traf", "trun")
    return parse_fragment(message).decode_time, int.from_bytes(run[16:20], "big")


def mux(muxer: Muxer, *starts: int) -> list[tuple[int, int]]:
    return [times(muxer.mux(picture(start, not index))) for index, start in enumerate(starts)]


def test_a_viewer_begins_at_zero() -> None:
    found = mux(FromZero()(1, (VIDEO,)), HOUR, HOUR + STEP, HOUR + 2 * STEP)
    assert found == [(0, STEP), (STEP, STEP), (2 * STEP, STEP)]


def test_others_have_the_channels_time() -> None:
    assert mux(Shared()(1, (VIDEO,)), HOUR, HOUR + STEP) == [(HOUR, STEP), (HOUR + STEP, STEP)]


@pytest.mark.parametrize("make", [Shared, FromZero])
def test_a_picture_after_missing_ones_lasts_as_long_as_they_would(make: type) -> None:
    found = mux(make()(1, (VIDEO,)), HOUR, HOUR + 4 * STEP, HOUR + 5 * STEP)
    first = found[0][0]
    assert found == [(first, STEP), (first + STEP, 4 * STEP), (first + 5 * STEP, STEP)]


@pytest.mark.parametrize("make", [Shared, FromZero])
def test_a_long_pause_is_not_shown(make: type) -> None:
    found = mux(make()(1, (VIDEO,)), HOUR, HOUR + 5 * SCALE, HOUR + 5 * SCALE + STEP)
    first = found[0][0]
    assert found == [(first, STEP), (first + STEP, STEP), (first + 2 * STEP, STEP)]


def test_a_source_that_begins_anew_goes_on_where_the_old_one_ended() -> None:
    make = FromZero()
    assert mux(make(1, (VIDEO,)), HOUR, HOUR + STEP) == [(0, STEP), (STEP, STEP)]
    assert mux(make(2, (VIDEO,)), STEP, 2 * STEP) == [(2 * STEP, STEP), (3 * STEP, STEP)]


def test_sound_from_before_the_first_picture_is_left_out() -> None:
    muxer = FromZero()(1, (VIDEO, SOUND))
    begin = 3600 * 48_000
    assert times(muxer.mux(picture(HOUR, keyframe=True))) == (0, STEP)
    assert muxer.mux(sound(begin - 512)).data == b""
    assert times(muxer.mux(sound(begin + 512))) == (512, 1024)
    last = muxer.mux(picture(HOUR + STEP)).data
    assert parse_fragment(last[last.index(b"moof") - 4 :]).sequence == 3


def test_other_tracks_end_the_connection_politely() -> None:
    make = FromZero()
    mux(make(1, (VIDEO,)), HOUR)
    chunk = make(2, (VIDEO, SOUND)).mux(picture(HOUR, keyframe=True))
    assert chunk.data == b""
    assert chunk.init[:1] == b"\x88"
    assert int.from_bytes(chunk.init[2:4], "big") == 1012


def test_times_do_not_drift_in_odd_time_bases() -> None:
    track = Track("video", "h264", 30_000, CONFIG, 640, 360)
    muxer, step = FromZero()(1, (track,)), Fraction(1001)
    starts = [times(muxer.mux(picture(int(7 + n * step), not n)))[0] for n in range(1000)]
    assert starts[-1] == pytest.approx(999 * 1001, abs=STEP)
