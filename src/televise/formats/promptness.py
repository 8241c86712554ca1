"""Promptness: by how much what comes of an MPEG transport stream is later than its times say."""

from televise.formats.mpegts import CLOCK_HZ
from televise.formats.transport_packet import difference, time_of
from televise.model.track import Kind

# What came longer ago than two of these counts no more: clocks drift, and sources jump.
WINDOW_SECONDS = 5.0
# A PES packet of sound may have so much.
_MOST_TICKS = CLOCK_HZ


class Promptness:
    """Measures units of one stream. The most prompt of them counts: others were held up.

    Sound is sent in blocks, when the last of a block is there: the next one's time is when that
    ended.
    """

    def __init__(self) -> None:
        self._origin: int | None = None
        self._before: int | None = None
        self._least = 0
        self._since = 0.0
        self._last: tuple[int, int] | None = None

    @property
    def is_known(self) -> bool:
        """Whether anything could be measured."""
        return self._origin is not None

    @property
    def least(self) -> int:
        """Ticks from when the most prompt should have come, by its own clock, to when it came;
        only differences mean something. 0 where it is not known."""
        before = self._least if self._before is None else self._before
        return (self._origin or 0) + min(before, self._least)

    def add(self, kind: Kind, packet: bytes, now: float) -> bool:
        """What begins with ``packet`` came at ``now``. True where a window ends, and there was one
        before it."""
        time, came = time_of(packet), round(now * CLOCK_HZ)
        if time is None:
            return False
        last, self._last = self._last, (time, came)
        if kind == "audio":
            if last is None or not 0 < difference(time, last[0]) <= _MOST_TICKS:
                return False
            came = last[1]
        return self._note(came - time, now)

    def _note(self, late: int, now: float) -> bool:
        if self._origin is None:
            self._origin, self._since = late, now
        late = difference(late, self._origin)
        if now - self._since < WINDOW_SECONDS:
            self._least = min(self._least, late)
            return False
        is_second = self._before is not None
        self._before, self._least, self._since = self._least, late, now
        return is_second
