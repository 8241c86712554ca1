"""When a link carries too little, and when it is tried again."""

from itertools import pairwise

import pytest

from televise.hub.relays.adaptation import MAX_LEVEL, PATIENCE_SECONDS, Adaptation, smaller
from televise.model.rendition import Rendition

FPS = 25


class Link:
    """A link of which the delay is known, and how long it is so, on a clock by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.subject = Adaptation()
        self.subject.begin()

    def carry(self, seconds: float, *, delay: float = 0.1, gaps: bool = False) -> None:
        """For so long, or until the level changes; with ``gaps`` something is left out at times."""
        level = self.subject.level
        for number in range(round(seconds * FPS)):
            self.now += 1 / FPS
            media = self.now - delay
            changed = self.subject.arrived(self.now, media, gap=gaps and number % FPS == 0)
            assert changed == (self.subject.level != level)
            if changed:
                return


def test_a_good_link_stays_as_it_is() -> None:
    link = Link()
    link.carry(600, delay=5.0)
    assert link.subject.level == 0, "that far away is not late"


@pytest.mark.parametrize("fault", [{"delay": 1.5}, {"gaps": True}])
def test_after_three_seconds_of_trouble_it_is_smaller(fault: dict[str, float]) -> None:
    link = Link()
    link.carry(5)
    link.carry(2.9, **fault)  # type: ignore[arg-type]
    assert link.subject.level == 0
    link.carry(1.5, **fault)  # type: ignore[arg-type]
    assert link.subject.level == 1


def test_one_bad_moment_is_no_trouble() -> None:
    link = Link()
    for _ in range(10):
        link.carry(5)
        link.carry(1, delay=1.5)
    assert link.subject.level == 0


def test_it_is_never_smaller_than_a_quarter() -> None:
    link = Link()
    for _ in range(5):
        link.carry(1)
        link.carry(10, gaps=True)
    assert link.subject.level == MAX_LEVEL == 2


def test_it_returns_where_it_can() -> None:
    link = Link()
    link.carry(10, gaps=True)
    assert link.subject.level == 1
    link.carry(100)
    assert link.subject.level == 0


def test_what_has_not_come_is_not_known_to_be_carried() -> None:
    """A smaller one comes after all that was asked for before it."""
    link = Link()
    link.carry(10, gaps=True)
    link.now += 10 * PATIENCE_SECONDS
    link.carry(PATIENCE_SECONDS)
    assert link.subject.level == 1
    link.carry(2 * PATIENCE_SECONDS)
    assert link.subject.level == 0


def test_in_vain_it_waits_longer_each_time() -> None:
    link = Link()
    waits = []
    for _ in range(4):
        link.carry(10, gaps=True)
        assert link.subject.level == 1
        began = link.now
        link.carry(1000)
        assert link.subject.level == 0
        waits.append(link.now - began)
    assert waits[0] >= PATIENCE_SECONDS
    assert all(later > 1.9 * before for before, later in pairwise(waits))


def test_half_as_wide_is_a_quarter_of_the_bits() -> None:
    wanted = Rendition("h264", "aac", w=1280, h=720, bitrate=4_000_000)
    assert smaller(wanted, 1280, 0) is wanted
    assert smaller(wanted, 1280, 1) == Rendition("h264", "aac", w=640, h=360, bitrate=1_000_000)
    assert smaller(wanted, 1280, 2) == Rendition("h264", "aac", w=320, h=180, bitrate=250_000)


def test_as_the_source_has_it_is_half_of_what_that_is() -> None:
    assert smaller(Rendition("h264"), 1366, 1) == Rendition("h264", w=682)
    assert smaller(Rendition("mjpeg", q=50), 20, 2) == Rendition("mjpeg", w=16, q=50)


def test_clocks_that_drift_apart_are_no_trouble() -> None:
    """A second in ten thousand: after three hours that would be late."""
    link = Link()
    for minute in range(240):
        link.carry(60, delay=0.1 + minute * 60 / 10_000)
    assert link.subject.level == 0


def test_a_clock_that_is_set_is_trouble_for_a_minute_at_most() -> None:
    link = Link()
    link.carry(5)
    link.carry(200, delay=3600.1)
    link.carry(200, delay=3600.1)
    link.carry(200, delay=3600.1)
    assert link.subject.level == 0


@pytest.mark.parametrize("width", [1, 30, 8194, 12_000, 1 << 32])
def test_whatever_a_stranger_says_of_its_width_can_be_asked_for(width: int) -> None:
    for level in (1, 2):
        assert 16 <= smaller(Rendition("mjpeg"), width, level).w <= 4096
