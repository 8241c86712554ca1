"""Backoff and Breaker: how long to wait before trying again."""

from collections import deque


class Backoff:
    """Waits that double from ``least`` to ``most`` seconds, each with jitter."""

    def __init__(self, least: float = 0.25, most: float = 5.0) -> None:
        self._least = least
        self._most = most
        self._next = least

    def next(self, jitter: float) -> float:
        """The next wait in seconds; ``jitter`` is a random number from 0 to 1."""
        wait = self._next * (0.75 + jitter / 2)
        self._next = min(self._next * 2, self._most)
        return wait

    def reset(self) -> None:
        """It worked: begin with the shortest wait again."""
        self._next = self._least


class Breaker:
    """Says when something failed too often: ``count`` times within ``seconds``."""

    def __init__(self, count: int = 5, seconds: float = 60.0) -> None:
        self._failures: deque[float] = deque(maxlen=count)
        self._count = count
        self._seconds = seconds

    def fail(self, now: float) -> bool:
        """Count a failure at monotonic time ``now``; True where it is one too many."""
        self._failures.append(now)
        full = len(self._failures) == self._count
        return full and now - self._failures[0] < self._seconds
