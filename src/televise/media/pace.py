"""Pace: hands on what a source gives when it is due, and sees whether it is a film or live."""

import time
from collections import deque
from collections.abc import Callable

from televise.media.timeline import Timeline
from televise.media.unit import Unit

# What comes faster than it plays (a film on a web server) is handed on so far ahead.
AHEAD_SECONDS = 2.0
# The rest is held back, while more is read: who is live and has begun with a burst, of all since
# the newest keyframe, soon comes no further ahead. Of a film so much is held at most.
MOST_HELD_SECONDS = 12.0
MOST_HELD_BYTES = 64 << 20
# It may come ahead by one part in a thousand more as time passes: clocks of live sources are no
# further off, and who was taken for a film by mistake is not late for ever.
CREEP = 0.001


class Pace:
    """Calls ``hand_on`` with each unit in turn. ``wait`` sleeps, and says whether to stop."""

    def __init__(
        self,
        timeline: Timeline,
        wait: Callable[[float], bool],
        hand_on: Callable[[Unit], None],
    ) -> None:
        self._timeline = timeline
        self._wait = wait
        self._hand_on = hand_on
        self._held: deque[Unit] = deque()
        self._bytes = 0
        self.restart(paced=False)

    def restart(self, *, paced: bool) -> None:
        """The source is open (again); ``paced``: its times are true, it must be slowed to them."""
        self._opened = time.monotonic()
        self._paced = self._is_film = paced
        self._advance = Advance()

    def put(self, unit: Unit) -> None:
        """One more. It returns when it has been handed on, is held, or the source is to return."""
        self._held.append(unit)
        self._bytes += len(unit.data)
        if not self._is_film:
            self._judge(unit)
        if self._is_film:
            self.drain()
        else:
            self._hand_on_due()

    def drain(self) -> None:
        """Hand on all that is held, each when it is due."""
        while self._held and not self._wait(self._early_seconds(self._held[0])):
            self._next()

    def flush(self) -> None:
        """Hand on all that is held, now."""
        while self._held:
            self._next()

    def _hand_on_due(self) -> None:
        while self._held and self._early_seconds(self._held[0]) <= 0:
            self._next()

    def _judge(self, newest: Unit) -> None:
        """Whether it is live, and what has come last is now; or certainly a film."""
        now = time.monotonic()
        settled = self._advance.note(self._timeline.ahead(newest.place, now), now)
        if settled is not None and settled > AHEAD_SECONDS:
            self._timeline.gain(settled)
            self._advance = Advance()
        seconds = newest.place.seconds - self._held[0].place.seconds
        self._is_film = seconds > MOST_HELD_SECONDS or self._bytes > MOST_HELD_BYTES

    def _early_seconds(self, unit: Unit) -> float:
        now = time.monotonic()
        may_be = 0.0 if self._paced else AHEAD_SECONDS + CREEP * (now - self._opened)
        return self._timeline.ahead(unit.place, now) - may_be

    def _next(self) -> None:
        unit = self._held.popleft()
        self._bytes -= len(unit.data)
        self._hand_on(unit)


class Advance:
    """How far ahead of time a stream is, and whether it comes no further.

    That is settled where the most of each second is the same several times: one packet may be late
    on a bad line, and a film may come a second late, but not again and again by just as much.
    """

    # A line that is less than a twentieth faster than a film is taken for live: nobody sees that.
    RISE, FALL = 0.05, 0.2
    WINDOW_SECONDS = 1.0
    TIMES = 3

    def __init__(self) -> None:
        self._began = 0.0
        self._most = self._before = float("-inf")
        self._same = 0

    def note(self, ahead: float, now: float) -> float | None:
        """A packet that comes ``ahead``; how far all do, where that is settled."""
        if now - self._began >= self.WINDOW_SECONDS:
            change = self._most - self._before
            self._same = self._same + 1 if -self.FALL < change < self.RISE else 0
            self._began, self._before, self._most = now, self._most, ahead
        self._most = max(self._most, ahead)
        return self._before if self._same >= self.TIMES else None
