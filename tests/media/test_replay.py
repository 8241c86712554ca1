"""What is kept to look back to: whole GOPs, so many seconds and so many bytes at most."""

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.media.encoders.encoded import Picture
from televise.media.replay import RAW_PICTURES_PER_SECOND, Kept, Replay
from televise.media.source import Input
from televise.media.unit import Place, Unit

VIDEO, SOUND = Input("video", "h264"), Input("audio", "aac")
SECONDS, MAX_BYTES = 5.0, 10_000
PICTURE_SECONDS = 0.25


def unit(seconds: float, size: int, *, keyframe: bool) -> Unit:
    packet = av.Packet(bytes(size))
    packet.is_keyframe = keyframe
    place = Place(seconds, seconds, PICTURE_SECONDS, 0.0)
    return Unit(0, packet, bytes(size), place, round(seconds * 1e9))


def everything(replay: Replay) -> list[Kept]:
    oldest = replay.oldest
    return [] if oldest is None else replay.between(oldest, float("inf"))


# What comes: video keyframe, other picture, or sound; and how large it is.
Coming = list[tuple[str, int]]
COMING = st.lists(st.tuples(st.sampled_from("kppss"), st.integers(1, 4000)), max_size=80)


@given(COMING)
def test_it_is_bounded_and_begins_with_a_keyframe(coming: Coming) -> None:
    replay = Replay(SECONDS, MAX_BYTES)
    came: list[tuple[float, str]] = []
    for number, (kind, size) in enumerate(coming):
        now = number * PICTURE_SECONDS
        came.append((now, kind))
        source = SOUND if kind == "s" else VIDEO
        replay.append(source, unit(now, size, keyframe=kind != "p"))
        kept = everything(replay)
        assert sum(len(each.data) for each in kept) <= MAX_BYTES
        if not kept:
            continue
        assert kept[0].keyframe
        assert kept[0].source is VIDEO
        # Everything since then is there, in order.
        assert [each.place.seconds for each in kept] == [
            time for time, _ in came if time >= kept[0].place.seconds
        ]
        later = [each for each in kept[1:] if each.keyframe and each.source is VIDEO]
        if later:
            assert later[0].place.seconds > now - SECONDS, "one GOP more than that is not needed"


@given(COMING, st.floats(-1, 20), st.floats(0, 10))
def test_a_part_begins_at_the_keyframe_before(coming: Coming, begin: float, length: float) -> None:
    replay = Replay(SECONDS, 1 << 30)
    for number, (kind, size) in enumerate(coming):
        source = SOUND if kind == "s" else VIDEO
        replay.append(source, unit(number * PICTURE_SECONDS, size, keyframe=kind != "p"))
    kept = everything(replay)
    keyframes = [each.place.seconds for each in kept if each.keyframe and each.source is VIDEO]
    found = replay.between(begin, begin + length)
    before = [seconds for seconds in keyframes if seconds <= begin]
    if not before:
        assert found == []
        return
    assert found == [each for each in kept if before[-1] <= each.place.seconds <= begin + length]


@given(COMING, st.integers(1, MAX_BYTES))
def test_a_smaller_limit_holds_at_once(coming: Coming, smaller: int) -> None:
    """What is younger stays."""
    replay = Replay(SECONDS, MAX_BYTES)
    for number, (kind, size) in enumerate(coming):
        source = SOUND if kind == "s" else VIDEO
        replay.append(source, unit(number * PICTURE_SECONDS, size, keyframe=kind != "p"))
    before = everything(replay)
    replay.set_limit(smaller)
    kept = everything(replay)
    assert kept == before[len(before) - len(kept) :]
    assert sum(len(each.data) for each in kept) <= smaller
    longer = [each.place.seconds for each in before if each.keyframe and each.source is VIDEO]
    for seconds in longer:
        size = sum(len(each.data) for each in before if each.place.seconds >= seconds)
        assert size > smaller or (kept and kept[0].place.seconds <= seconds)


def test_a_part_ends_where_the_source_begins_anew() -> None:
    replay = Replay(SECONDS)
    again = Input("video", "h264")
    for number, source in enumerate([VIDEO, VIDEO, again, again]):
        replay.append(source, unit(float(number), 10, keyframe=True))
    assert [each.place.seconds for each in replay.between(0.0, 9.0)] == [0.0, 1.0]
    assert [each.place.seconds for each in replay.between(2.5, 9.0)] == [2.0, 3.0]


def test_sound_that_runs_ahead_keeps_no_gop_alive() -> None:
    replay = Replay(2.0)
    for number in range(40):
        now = number * PICTURE_SECONDS
        replay.append(VIDEO, unit(now, 10, keyframe=number % 4 == 0))
        replay.append(SOUND, unit(now + 0.3, 10, keyframe=True))
    assert replay.oldest == 8.0
    assert len(everything(replay)) == 2 * 2 * 4


def test_a_gop_that_is_too_large_is_not_kept_and_the_next_is() -> None:
    replay = Replay(SECONDS, MAX_BYTES)
    replay.append(VIDEO, unit(0.0, 9_000, keyframe=True))
    replay.append(VIDEO, unit(0.2, 9_000, keyframe=False))
    assert replay.oldest is None
    replay.append(VIDEO, unit(0.4, 10, keyframe=False))
    assert replay.oldest is None, "there is no keyframe before it"
    replay.append(VIDEO, unit(0.6, 10, keyframe=True))
    assert replay.oldest == 0.6


def test_with_no_seconds_nothing_is_kept() -> None:
    replay = Replay(0.0)
    replay.append(VIDEO, unit(0.0, 10, keyframe=True))
    replay.append_picture(raw(0.0))
    assert replay.oldest is None


def raw(seconds: float, size: tuple[int, int] = (64, 48)) -> Picture:
    pixels = np.full((size[1], size[0], 3), 128, np.uint8)
    return Picture(av.VideoFrame.from_ndarray(pixels, "rgb24"), seconds, 0.04, 0)


@pytest.mark.parametrize("rate", [2, 25])
def test_of_raw_pictures_some_are_kept_as_jpeg(rate: int) -> None:
    replay = Replay(SECONDS)
    for number in range(rate * 3):
        replay.append_picture(raw(number / rate))
    kept = everything(replay)
    assert len(kept) == pytest.approx(3 * min(rate, RAW_PICTURES_PER_SECOND), abs=1)
    assert all(each.data[:2] == b"\xff\xd8" and each.keyframe for each in kept)


def test_raw_pictures_of_another_size_begin_anew() -> None:
    replay = Replay(SECONDS)
    for number, size in enumerate([(64, 48), (64, 48), (65, 49), (32, 32)]):
        replay.append_picture(raw(float(number), size))
    assert [each.source.width for each in replay.between(2.0, 9.0)] == [64, 64, 64][2:]
    assert [each.source.width for each in replay.between(3.0, 9.0)] == [32]


@pytest.mark.parametrize("size", [(1, 1), (1, 100), (100, 1), (3, 5)])
def test_the_smallest_raw_pictures_are_kept_too(size: tuple[int, int]) -> None:
    replay = Replay(SECONDS)
    replay.append_picture(raw(0.0, size))
    assert len(everything(replay)) == 1
