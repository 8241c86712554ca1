"""Clock: how much later our clock is than that of another hub. It has no clock itself."""

from collections import deque

# Of so many exchanges the quickest counts.
KEPT = 8


class Clock:
    """Compares two clocks by asking over and over, as NTP does (RFC 5905 section 8).

    An answer that took ``delay`` is wrong by half of that at most.
    """

    def __init__(self) -> None:
        self._exchanges: deque[tuple[int, int]] = deque(maxlen=KEPT)

    @property
    def delay_seconds(self) -> float | None:
        """How long the quickest of the last exchanges took, there and back; None before any."""
        return self._best[0] / 1e9 if self._exchanges else None

    @property
    def offset(self) -> int:
        """Nanoseconds by which our clock is later; 0 where that cannot be told from none."""
        if not self._exchanges:
            return 0
        delay, offset = self._best
        return offset if abs(offset) > delay // 2 else 0

    def answered(self, asked: int, theirs: int, now: int) -> None:
        """Asked then, answered with their time, and now the answer is here (Unix nanoseconds)."""
        delay, offset = now - asked, (asked + now) // 2 - theirs
        if delay < 0:
            return  # our own clock was set meanwhile
        if self._exchanges and abs(offset - self._best[1]) > (delay + self._best[0]) // 2:
            self._exchanges.clear()  # both cannot be true: one of the clocks was set
        self._exchanges.append((delay, offset))

    @property
    def _best(self) -> tuple[int, int]:
        return min(self._exchanges)
