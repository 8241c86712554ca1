"""ManualClock: time that goes on when it is told to."""

import asyncio

from televise.errors import InputError

# When it begins, in Unix seconds: 1 January 2026.
EPOCH = 1_767_225_600.0


class ManualClock:
    """Stands in for `time.monotonic`, `time.time`, `time.time_ns` and `asyncio.sleep`.

    It goes on by `advance` only; `step` sets the wall clock without letting time pass, as an
    operator does.
    """

    def __init__(self, monotonic: float = 1000.0, wall: float = EPOCH) -> None:
        self._now = monotonic
        self._offset = wall - monotonic
        self._sleeping: list[tuple[float, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._now

    def time(self) -> float:
        """Unix seconds."""
        return self._now + self._offset

    def time_ns(self) -> int:
        """Unix nanoseconds."""
        return round(self.time() * 1e9)

    def advance(self, seconds: float) -> None:
        """Time passes; those whose sleep is over go on. InputError where it would go back."""
        if seconds < 0:
            raise InputError("time does not go back: step() sets the wall clock")
        self._now += seconds
        due = [sleeper for until, sleeper in self._sleeping if until <= self._now]
        self._sleeping = [each for each in self._sleeping if each[0] > self._now]
        for sleeper in due:
            if not sleeper.done():
                sleeper.set_result(None)

    def step(self, seconds: float) -> None:
        """The wall clock is set so much later, or earlier where it is less than 0."""
        self._offset += seconds

    async def sleep(self, seconds: float) -> None:
        """Until so many seconds have passed here."""
        sleeper = asyncio.get_running_loop().create_future()
        self._sleeping.append((self._now + seconds, sleeper))
        self.advance(0.0)
        await sleeper

    @property
    def sleeping(self) -> int:
        """How many sleep."""
        return sum(not sleeper.done() for _, sleeper in self._sleeping)
