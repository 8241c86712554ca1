"""What comes faster than it plays is slowed down, and what is live is never late."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest

from televise.media.pace import AHEAD_SECONDS, MOST_HELD_SECONDS, Pace
from televise.media.source import Input
from televise.media.timeline import Timeline
from televise.media.unit import Unit
from televise.testing import ManualClock
from tests.media.packets import make_timed

# Until it is settled that a stream does not run further ahead.
SETTLED_SECONDS = 6.0
PICTURE_SECONDS = 0.2


class Rig:
    """A source of so many pictures a second, read by a clock that is set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fps: float, *, paced: bool = False) -> None:
        self.clock = ManualClock()
        monkeypatch.setattr("televise.media.pace.time", self.clock)
        self.began = self.clock.monotonic()
        self.timeline = Timeline(self.began)
        self.timeline.restart([Input("video", "h264", rate=fps)], paced=paced)
        self.pace = Pace(self.timeline, self._wait, self._hand_on)
        self.pace.restart(paced=paced)
        self.fps = fps
        # Of each picture: its number, and when it was handed on.
        self.handed: list[tuple[int, float]] = []
        self.came: list[float] = []

    @property
    def now(self) -> float:
        return self.clock.monotonic() - self.began

    def read(self, arrivals: Iterable[float], clock: float = 1.0) -> None:
        """Pictures that come then, or when we get to it, from a source with such a ``clock``."""
        for number, seconds in enumerate(arrivals, start=len(self.came)):
            self.clock.advance(max(0.0, seconds - self.now))
            packet = make_timed(number / self.fps * clock, 1 / self.fps)
            place = self.timeline.place(0, packet, self.clock.monotonic())
            self.came.append(seconds)
            self.pace.put(Unit(0, packet, b"", place, number))

    def live(self, seconds: float, burst: float = 0.0) -> Iterator[float]:
        return (max(0.0, n / self.fps - burst) for n in range(round(seconds * self.fps)))

    def film(self, seconds: float, speed: float) -> Iterator[float]:
        return (n / self.fps / speed for n in range(round(seconds * self.fps)))

    def late(self, after: float = 0.0) -> float:
        """How much later than they came pictures were handed on; of those that came ``after``."""
        waited = [at - self.came[number] for number, at in self.handed]
        return max(late for late, (_, at) in zip(waited, self.handed, strict=True) if at >= after)

    def lead(self) -> float:
        """How far the last picture was ahead of when a viewer from the beginning sees it."""
        number, at = self.handed[-1]
        return number / self.fps - at

    def _wait(self, seconds: float) -> bool:
        self.clock.advance(max(0.0, seconds))
        return False

    def _hand_on(self, unit: Unit) -> None:
        self.handed.append((unit.captured, self.now))


@pytest.mark.parametrize("clock", [0.9998, 1.0, 1.0002, 1.005])
@pytest.mark.parametrize("burst", [0.0, 1.9, 2.1, 3.0, 10.0])
def test_a_live_stream_that_begins_with_a_burst_is_late_for_seconds_only(
    burst: float, clock: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers send all since the last keyframe to who connects."""
    rig = Rig(monkeypatch, 1 / PICTURE_SECONDS)
    rig.read(rig.live(700, burst), clock)
    assert rig.late() < max(0.0, burst - AHEAD_SECONDS) + PICTURE_SECONDS + 0.01
    # A clock that is very fast comes to the limit again, and has to wait for the next picture.
    assert rig.late(SETTLED_SECONDS) < (0.01 if clock < 1.001 else PICTURE_SECONDS + 0.01)
    assert [number for number, _ in rig.handed] == list(range(len(rig.came)))


def test_a_burst_lies_in_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks back so many seconds sees what came then; and what is opened next comes later."""
    rig = Rig(monkeypatch, 1 / PICTURE_SECONDS)
    rig.read(rig.live(30, 8.0))
    newest = rig.timeline.place(0, make_timed(30.0, 0.2), rig.clock.monotonic() + 0.2)
    assert rig.timeline.seconds(rig.clock.monotonic() + 0.2) == pytest.approx(newest.seconds)
    rig.timeline.resume()
    rig.clock.advance(2.0)
    after = rig.timeline.place(0, make_timed(1000.0, 0.2), rig.clock.monotonic())
    assert after.seconds == pytest.approx(newest.seconds + 2.0 - 0.2)


def test_nor_is_one_late_that_is_taken_for_a_film_by_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That lasts for some hours at most, and is never more, though its clock is fast."""
    rig = Rig(monkeypatch, 1)
    rig.read(rig.live(12 * 3600, 2 * MOST_HELD_SECONDS), clock=1.0002)
    assert rig.late() <= 2 * MOST_HELD_SECONDS
    assert rig.late(10 * 3600) == pytest.approx(0.0, abs=1e-3)


def test_a_bad_line_delays_no_more_than_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands still for a second now and then."""
    rig = Rig(monkeypatch, 10)
    stalls = [at + max(0.0, 1.0 - at % 7) for at in rig.live(600, 3.0)]
    rig.read(stalls)
    assert rig.late(SETTLED_SECONDS) < 0.01


@pytest.mark.parametrize("speed", [1.2, 2.0, 10.0, 1e6])
def test_a_film_is_handed_on_two_seconds_ahead(
    speed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its line may be hardly faster than it plays."""
    rig = Rig(monkeypatch, 10)
    rig.read(rig.film(600, speed))
    steps = [after - before for (_, before), (_, after) in pairwise(rig.handed)]
    assert rig.lead() == pytest.approx(AHEAD_SECONDS, abs=0.7)
    assert max(steps) < 0.2
    assert [number for number, _ in rig.handed] == list(range(len(rig.came)))


def test_a_film_on_a_bad_line_is_a_film(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch, 10)
    rig.read(at + max(0.0, 1.0 - at % 7) for at in rig.film(600, 2.0))
    assert rig.lead() < AHEAD_SECONDS + 0.7


def test_the_end_of_a_short_film_comes_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch, 10)
    rig.read(rig.film(8, 1e6))
    assert len(rig.handed) == 10 * AHEAD_SECONDS + 1
    rig.pace.drain()
    assert len(rig.handed) == 80
    assert rig.now == pytest.approx(7.9 - AHEAD_SECONDS, abs=0.01)


def test_a_file_comes_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch, 10, paced=True)
    rig.read(rig.film(60, 1e6))
    assert [at for _, at in rig.handed] == pytest.approx([n / 10 for n in range(600)])


def test_more_than_it_may_hold_is_a_film(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few seconds that is."""
    monkeypatch.setattr("televise.media.pace.MOST_HELD_BYTES", -1)
    rig = Rig(monkeypatch, 10)
    rig.read(rig.film(5, 1e6))
    assert len(rig.handed) == 50
