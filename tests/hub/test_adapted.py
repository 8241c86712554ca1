"""A rendition that follows what its link carries; and one that cannot be made smaller."""

from televise.hub.relays.adaptation import PATIENCE_SECONDS, TROUBLE_SECONDS
from televise.hub.relays.adapted import Adapted
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track

JPEG = Rendition("mjpeg")
TRACK = Track("video", "mjpeg", 90_000, width=640, height=480)
FPS = 10


class Line:
    """On a clock by hand, packets without number ``gap`` come over it."""

    def __init__(self, *, fixed: bool = False) -> None:
        self.now = 0.0
        self.subject = Adapted(JPEG)
        self.subject.connect(fixed=fixed)
        self.subject.begin([TRACK])
        self.number = 0

    def carry(self, seconds: float, *, gaps: bool = False) -> bool:
        """Whether another rendition is to be taken, before so long."""
        for _ in range(round(seconds * FPS)):
            self.now += 1 / FPS
            self.number += 2 if gaps else 1
            packet = Packet(0, 1, self.number, b"12345", 0, 0, 0, True, 0, self.now)
            if self.subject.arrived(packet, self.now):
                return True
        return False


def test_it_is_what_is_wanted_while_that_comes() -> None:
    line = Line()
    assert not line.carry(100)
    assert (line.subject.rendition, line.subject.level) == (JPEG, 0)
    assert (line.subject.packets, line.subject.bytes) == (1000, 5000)


def test_it_is_smaller_where_some_are_left_out_and_returns() -> None:
    line = Line()
    line.carry(1)
    assert line.carry(TROUBLE_SECONDS + 1, gaps=True)
    assert line.subject.rendition == Rendition("mjpeg", w=320)
    line.subject.connect()
    line.number = 0
    line.subject.begin([Track("video", "mjpeg", 90_000, width=320, height=240)])
    assert line.carry(PATIENCE_SECONDS * 2 + 1)
    assert line.subject.rendition == JPEG


def test_what_was_on_its_way_before_the_epoch_does_not_count() -> None:
    line = Line()
    line.subject.connect()
    assert not line.carry(TROUBLE_SECONDS + 5, gaps=True)
    assert line.subject.packets == 80


def test_where_there_is_no_other_way_it_stays() -> None:
    line = Line(fixed=True)
    assert not line.carry(TROUBLE_SECONDS + 5, gaps=True)
    assert line.subject.rendition == JPEG


def test_a_smaller_one_that_cannot_be_made_is_never_tried_again() -> None:
    line = Line()
    assert not line.subject.refused(), "that was what is wanted"
    assert line.carry(TROUBLE_SECONDS + 5, gaps=True)
    assert line.subject.refused()
    assert line.subject.rendition == JPEG
    line.subject.connect()
    line.subject.begin([TRACK])
    assert not line.carry(TROUBLE_SECONDS + 50, gaps=True)


def test_a_source_that_is_slower_than_its_times_is_no_slow_link() -> None:
    """Stamped 25 a second, it makes 20; what it says of when it was captured is true."""
    subject = Adapted(JPEG)
    subject.connect()
    subject.begin([TRACK])
    for number in range(1, 3000):
        now = number / 20
        captured = round((1_700_000_000 + now) * 1e9)
        packet = Packet(0, 1, number, b"1", 0, 0, 0, True, captured, number / 25)
        assert not subject.arrived(packet, now)
