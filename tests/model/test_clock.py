"""Media time never jumps, whatever a source's timestamps do, and sound stays with its picture."""

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from televise.model.clock import JUMP_SECONDS, MediaClock

VIDEO, AUDIO = 0, 1
DURATIONS = {VIDEO: 1 / 25, AUDIO: 1024 / 48_000}
ORIGIN = 1_000_000.0
SKEW_SECONDS = 0.05
# An MPEG transport stream counts 33 bits of 1/90000 s.
WRAP_SECONDS = 2**33 / 90_000


@dataclass(frozen=True)
class Arrival:
    """A packet of something that truly happened at ``true``, and that says it was at ``dts``."""

    now: float
    track: int
    true: float
    dts: float


@dataclass(frozen=True)
class Placed:
    """Where the clock put that packet."""

    track: int
    true: float
    media: float


def live(seconds: float, sound_late: float = 0.1, shift: float = 0.0) -> list[Arrival]:
    """Picture and sound, as they come from a camera; the sound is sent later than its picture."""
    arrivals = []
    for track, duration in DURATIONS.items():
        delay = sound_late if track == AUDIO else 0.0
        times = [number * duration for number in range(math.ceil(seconds / duration))]
        arrivals += [Arrival(ORIGIN + time + delay, track, time, time + shift) for time in times]
    return sorted(arrivals, key=lambda arrival: arrival.now)


def jumping(arrivals: list[Arrival], at: float, jump: float) -> list[Arrival]:
    """The same, but from true time ``at`` on the source's timestamps are off by ``jump``."""
    return [Arrival(a.now, a.track, a.true, a.dts + jump) if a.true >= at else a for a in arrivals]


def play(clock: MediaClock, arrivals: list[Arrival]) -> list[Placed]:
    return [
        Placed(a.track, a.true, clock.media_seconds(a.track, a.dts, DURATIONS[a.track], a.now))
        for a in arrivals
    ]


def steps(placed: list[Placed], track: int) -> list[float]:
    media = [place.media for place in placed if place.track == track]
    return [after - before for before, after in pairwise(media)]


def assert_smooth(placed: list[Placed]) -> None:
    for track, duration in DURATIONS.items():
        assert all(0 < step <= 2 * duration for step in steps(placed, track))


def assert_in_order(placed: list[Placed]) -> None:
    for track in DURATIONS:
        assert all(step > 0 for step in steps(placed, track))


def assert_in_sync(placed: list[Placed]) -> None:
    """Each picture is where the sound of the same true time is."""
    sounds = sorted((place.true, place.media) for place in placed if place.track == AUDIO)
    for place in placed:
        if place.track == VIDEO and place.true <= sounds[-1][0]:
            true, media = sounds[bisect_left(sounds, (place.true, -math.inf))]
            assert abs((place.media - place.true) - (media - true)) < SKEW_SECONDS


# Beyond what the clock takes for a burst, in both directions.
JUMPS = st.floats(1.1 * JUMP_SECONDS, 100_000) | st.floats(-100_000, -1.1 * JUMP_SECONDS)


@given(JUMPS, st.floats(1, 3), st.floats(0, 0.5), st.floats(-1e5, 1e5))
@example(3600.0, 2.0, 0.1, 0.0)
@example(-3600.0, 2.0, 0.1, 0.0)
@example(-WRAP_SECONDS, 2.0, 0.1, WRAP_SECONDS - 2.0)
def test_a_jump_leaves_no_trace(jump: float, at: float, late: float, shift: float) -> None:
    placed = play(MediaClock(ORIGIN), jumping(live(4.0, late, shift), at, jump))
    assert_smooth(placed)
    assert_in_sync(placed)


@settings(max_examples=30)
@given(st.floats(0.1, 3), st.booleans(), st.floats(0.05, 3.0), st.floats(0, 0.5))
@example(0.2, True, 1.9, 0.3)
@example(0.2, False, 1.9, 0.3)
def test_nor_where_everything_comes_in_lumps(
    beyond: float, back: bool, every: float, late: float
) -> None:
    """A busy machine: so much time has passed that the old time and the new are both possible."""
    jump = -JUMP_SECONDS - beyond if back else JUMP_SECONDS + every + beyond
    arrivals = [
        Arrival(ORIGIN + every * math.ceil((a.now - ORIGIN) / every), a.track, a.true, a.dts)
        for a in jumping(live(4.0, late), 2.0, jump)
    ]
    placed = play(MediaClock(ORIGIN), arrivals)
    assert_in_order(placed)
    assert_in_sync(placed)


@given(st.lists(JUMPS, min_size=2, max_size=5), st.floats(0, 0.3))
def test_nor_do_many_jumps(jumps: list[float], late: float) -> None:
    arrivals = live(1.0 + len(jumps), late)
    for number, jump in enumerate(jumps):
        arrivals = jumping(arrivals, number + 1.0, jump)
    placed = play(MediaClock(ORIGIN), arrivals)
    # A jump may lead back to where the last one came from: that is then a gap, not a jump.
    assert_in_order(placed)
    gaps = JUMP_SECONDS * len(jumps)
    assert placed[-1].media <= placed[-1].true + gaps + SKEW_SECONDS


@pytest.mark.parametrize("film", [1.2, 2.0, 5.0])
def test_a_loop_has_no_seam(film: float) -> None:
    """A source that begins again at zero, where its sound ends with its picture."""
    arrivals = []
    for number in range(4):
        begin = number * film
        arrivals += [
            Arrival(a.now + begin, a.track, a.true + begin, a.dts) for a in live(film, 0.0)
        ]
    placed = play(MediaClock(ORIGIN), arrivals)
    assert_in_sync(placed)
    assert placed[-1].media == pytest.approx(placed[-1].true, abs=SKEW_SECONDS)
    assert all(step <= 2 * DURATIONS[VIDEO] for step in steps(placed, VIDEO))


def test_tracks_that_overlap_a_little_at_each_seam_stay_together() -> None:
    """Encoders make sound that is a little longer than its picture."""
    clock, placed = MediaClock(ORIGIN), []
    for number in range(20):
        film = live(1.0, sound_late=0.0)
        longer = [Arrival(a.now, a.track, a.true, a.true) for a in live(1.04, 0.0) if a.track]
        both = sorted([a for a in film if not a.track] + longer, key=lambda a: a.now)
        placed += play(clock, [Arrival(a.now + number, a.track, 2 * number + a.true,
                                       a.dts + number) for a in both])  # fmt: skip
    assert_in_order(placed)
    assert_in_sync(placed)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([VIDEO, AUDIO]),
            st.floats(-1e5, 1e5) | st.floats(0, 3),
            st.floats(0, 5),
        ),
        max_size=50,
    )
)
def test_media_time_keeps_within_real_time_whatever_a_source_says(
    packets: list[tuple[int, float, float]],
) -> None:
    clock, now = MediaClock(ORIGIN), ORIGIN
    last: dict[int, tuple[float, float]] = {}
    for track, dts, wait in packets:
        now += wait
        media = clock.media_seconds(track, dts, DURATIONS[track], now)
        if track in last:
            before, at = last[track]
            assert 0 < media - before <= now - at + DURATIONS[track] + JUMP_SECONDS + 1e-6
        last[track] = media, now


@given(st.floats(0, 1e6), st.floats(-1e6, 1e6))
def test_the_first_packet_is_now(after: float, dts: float) -> None:
    clock = MediaClock(ORIGIN)
    media = clock.media_seconds(VIDEO, dts, 0.04, ORIGIN + after)
    assert media == pytest.approx(after, abs=1e-6)


def test_a_track_that_comes_later_keeps_its_distance() -> None:
    clock = MediaClock(ORIGIN)
    first = clock.media_seconds(VIDEO, 500.0, 0.04, ORIGIN)
    assert clock.media_seconds(AUDIO, 500.3, 0.02, ORIGIN + 0.1) - first == pytest.approx(0.3)


def test_a_track_of_another_clock_begins_beside_the_first() -> None:
    clock = MediaClock(ORIGIN)
    clock.media_seconds(VIDEO, 500.0, 0.04, ORIGIN)
    at = clock.media_seconds(VIDEO, 500.04, 0.04, ORIGIN + 0.04)
    assert clock.media_seconds(AUDIO, 7.0, 0.02, ORIGIN + 0.04) == pytest.approx(at)
    assert clock.media_seconds(VIDEO, 500.08, 0.04, ORIGIN + 0.08) == pytest.approx(at + 0.04)
    assert clock.media_seconds(AUDIO, 7.02, 0.02, ORIGIN + 0.08) == pytest.approx(at + 0.02)


@given(st.floats(1.0, 60.0))
def test_what_was_held_up_and_then_comes_at_once_keeps_its_times(held: float) -> None:
    """The network stood still: nothing is lost, and everything of that time has one arrival."""
    arrivals = [
        Arrival(max(a.now, ORIGIN + 1.0 + held), a.track, a.true, a.dts) if a.true >= 1.0 else a
        for a in live(3.0)
    ]
    placed = play(MediaClock(ORIGIN), arrivals)
    assert all(place.media == pytest.approx(place.true, abs=1e-6) for place in placed)


@given(st.floats(1.0, 3600.0))
def test_a_source_that_was_frozen_comes_back_at_its_real_time(frozen: float) -> None:
    """The source stood still: its timestamps went on, and so does media time."""
    arrivals = [
        Arrival(a.now + frozen, a.track, a.true + frozen, a.dts + frozen) if a.true >= 1.0 else a
        for a in live(3.0)
    ]
    placed = play(MediaClock(ORIGIN), arrivals)
    assert all(place.media == pytest.approx(place.true, abs=1e-6) for place in placed)


@given(st.floats(0, 60), st.floats(-1e5, 1e5))
def test_media_time_goes_on_after_a_restart(pause: float, shift: float) -> None:
    clock = MediaClock(ORIGIN)
    before = play(clock, live(2.0))
    clock.restart()
    away = 2.5 + pause
    again = [Arrival(a.now + away, a.track, a.true + away, a.dts) for a in live(2.0, 0.1, shift)]
    after = play(clock, again)
    assert after[0].media == pytest.approx(away)
    assert min(place.media for place in after) >= max(place.media for place in before)
    assert_smooth(after)
    assert_in_sync(after)


def test_a_restart_does_not_go_back_behind_a_burst() -> None:
    clock = MediaClock(ORIGIN)
    for number in range(100):
        clock.media_seconds(VIDEO, number * 0.04, 0.04, ORIGIN)
    clock.restart()
    assert clock.media_seconds(VIDEO, 0.0, 0.04, ORIGIN + 1.0) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("tolerance", "step", "media"),
    [
        (JUMP_SECONDS, 0.9, 0.9),
        (JUMP_SECONDS, 1.2, 0.04),
        (0.1, 0.9, 0.04),
        (math.inf, 3600.0, 3600.0),
        (math.inf, -3600.0, 0.04),
    ],
)
def test_a_restart_sets_how_far_ahead_is_a_jump(
    tolerance: float, step: float, media: float
) -> None:
    clock = MediaClock(ORIGIN)
    clock.restart(tolerance)
    clock.media_seconds(VIDEO, 7.0, 0.04, ORIGIN)
    assert clock.media_seconds(VIDEO, 7.0 + step, 0.04, ORIGIN) == pytest.approx(media)


def test_a_gap_of_a_track_that_has_not_jumped_yet_stays_a_gap() -> None:
    clock = MediaClock(ORIGIN)
    clock.media_seconds(VIDEO, 50.0, 0.04, ORIGIN)
    before = clock.media_seconds(AUDIO, 50.0, 0.02, ORIGIN)
    clock.media_seconds(VIDEO, 7.0, 0.04, ORIGIN + 0.04)
    after = clock.media_seconds(AUDIO, 50.3, 0.02, ORIGIN + 0.3)
    assert after - before == pytest.approx(0.3)


def test_a_third_track_of_another_clock_begins_beside_the_one_that_is_ahead() -> None:
    clock = MediaClock(ORIGIN)
    clock.media_seconds(VIDEO, 50.0, 0.04, ORIGIN)
    ahead = clock.media_seconds(AUDIO, 50.5, 0.02, ORIGIN)
    assert clock.media_seconds(2, 7.0, 0.02, ORIGIN) == pytest.approx(ahead)


def test_sound_that_is_a_little_longer_than_its_picture_does_not_go_back() -> None:
    clock = MediaClock(ORIGIN)
    clock.media_seconds(VIDEO, 9.96, 0.04, ORIGIN)
    last = clock.media_seconds(AUDIO, 10.005, 0.0213, ORIGIN)
    clock.media_seconds(VIDEO, 0.0, 0.04, ORIGIN + 0.04)
    assert clock.media_seconds(AUDIO, 0.0, 0.0213, ORIGIN + 0.04) > last
