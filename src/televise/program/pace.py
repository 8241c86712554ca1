"""Pace: how many pictures a second there may be."""


class Pace:
    """Says when the next picture is due; ``fps`` pictures a second, 0 for as many as there are."""

    def __init__(self, fps: float) -> None:
        self._interval = 1 / fps if fps else 0.0
        self._due = float("-inf")

    def wait_seconds(self, now: float) -> float:
        """How long it is until the next is due, at monotonic time ``now``."""
        return max(0.0, self._due - now)

    def take(self, now: float) -> None:
        """One is shown now. One that is early by a hair makes the next no earlier."""
        is_late = now > self._due + self._interval
        self._due = (now if is_late else self._due) + self._interval

    def is_due(self, now: float) -> bool:
        """Whether one may be shown now; a quarter of the interval early will do."""
        return now >= self._due - self._interval / 4
