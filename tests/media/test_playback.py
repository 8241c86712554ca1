"""The order and the places in time of a file's packets."""

from collections.abc import Iterable
from fractions import Fraction

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.media.decode_times import DecodeTimes
from televise.media.playback import TimeOrder, time_of
from televise.media.source import AnyPacket, Input
from televise.media.timeline import Timeline

VIDEO, AUDIO = Input("video", "h264", rate=25), Input("audio", "aac", rate=48_000)


def packet(dts: float | None, pts: float | None = None, duration: float = 0.04) -> AnyPacket:
    made = av.Packet(b"x")
    made.time_base = Fraction(1, 1000)
    made.dts = None if dts is None else round(dts * 1000)
    made.pts = made.dts if pts is None else round(pts * 1000)
    made.duration = round(duration * 1000)
    return made


def sort(packets: Iterable[tuple[int, float]], tracks: int = 2) -> list[tuple[int, float]]:
    numbered = [(index, packet(seconds)) for index, seconds in packets]
    order = TimeOrder(tracks).sort(numbered)
    return [(index, time_of(each)) for index, each in order]


times = st.lists(st.integers(0, 40).map(lambda n: n / 40), max_size=30).map(sorted)


@given(times, times)
def test_tracks_written_one_behind_the_other_are_merged(
    video: list[float], audio: list[float]
) -> None:
    """As long as they lie no more than a second apart."""
    packets = [*((0, at) for at in video), *((1, at) for at in audio)]
    found = sort(packets)
    assert [at for _, at in found] == sorted([*video, *audio])
    assert [at for index, at in found if index == 0] == video


@given(st.lists(st.integers(0, 100_000).map(lambda n: n / 10), max_size=30))
def test_each_track_keeps_its_own_order_whatever_its_times(seconds: list[float]) -> None:
    numbers = iter(range(len(seconds)))
    numbered = [(0, packet(at, duration=next(numbers) / 1000)) for at in seconds]
    found = list(TimeOrder(1).sort(numbered))
    assert sorted(each.duration or 0 for _, each in found) == list(range(len(seconds)))


def test_all_from_before_a_jump_back_come_first() -> None:
    before = [(n % 2, 100 + n / 10) for n in range(20)]
    after = [(n % 2, n / 10) for n in range(20)]
    found = sort([*before, *after])
    assert found == [*before, *after]


def test_decode_times_are_counted_back_from_the_first_that_is_known() -> None:
    packets = [packet(None, 0), packet(None, 0.16), packet(0.0, 0.08), packet(0.04, 0.04)]
    source = Input("video", "h264", rate=25, reorders=True)
    numbered = [(0, each) for each in packets]
    done = [each for _, each in DecodeTimes([source]).complete(numbered)]
    assert done == packets
    assert [each.dts for each in done] == [-80, -40, 0, 40]


def test_where_none_is_known_there_is_an_order_all_the_same() -> None:
    shown = [0.08, 0.0, 0.04, 0.2, 0.12, 0.16]
    source = Input("video", "h264", rate=25, reorders=True)
    numbered = [(0, packet(None, at)) for at in shown]
    done = [each.dts or 0 for _, each in DecodeTimes([source]).complete(numbered)]
    assert done == sorted(set(done))
    assert done[-1] < 0


def test_what_is_not_reordered_is_decoded_when_it_is_shown() -> None:
    numbered = [(0, packet(None, at)) for at in (0.0, 0.04)]
    done = [each.dts for _, each in DecodeTimes([VIDEO]).complete(numbered)]
    assert done == [0, 40]


def test_a_duration_that_cannot_be_is_not_believed() -> None:
    timeline = Timeline(100.0)
    timeline.restart([VIDEO, AUDIO], paced=True)
    broken = packet(0.0, duration=9e6)
    assert timeline.place(0, broken, 100.0).duration == pytest.approx(0.04)
    assert timeline.place(1, packet(0.0, duration=0), 100.0).duration == (
        pytest.approx(1024 / 48_000)
    )
