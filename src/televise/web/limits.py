"""How many viewers there may be, and how much each may say."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from televise.model.refusals import refuse
from televise.web.trust.suspects import household


class Admission:
    """Counts viewers, in all, of an address and of a channel; LimitReached for one too many. All
    IPv6 addresses of one household count as one."""

    def __init__(self, most: int = 0, most_per_address: int = 0, most_per_channel: int = 0) -> None:
        self.set_limits(most, most_per_address, most_per_channel)
        # Whether there is memory for one more.
        self.has_room: Callable[[], bool] = lambda: True
        self._by_address: Counter[str] = Counter()
        self._by_channel: Counter[str] = Counter()

    def set_limits(self, most: int, most_per_address: int, most_per_channel: int) -> None:
        """From now on; who is there may stay."""
        self._most, self._most_per_address = most, most_per_address
        self._most_per_channel = most_per_channel

    @property
    def count(self) -> int:
        """Viewers that are there now."""
        return self._by_address.total()

    @contextmanager
    def viewer(self, address: str) -> Iterator[None]:
        """One viewer, while the block runs."""
        self.enter(address)
        try:
            yield
        finally:
            self.leave(address)

    @asynccontextmanager
    async def watching(self, channel: str) -> AsyncIterator[None]:
        """A viewer watches this ``channel``, while the block runs."""
        self.enter_channel(channel)
        try:
            yield
        finally:
            self.leave_channel(channel)

    def enter(self, address: str) -> None:
        """One more, until it is said to `leave`."""
        who = household(address)
        self._check(who)
        self._by_address[who] += 1

    def leave(self, address: str) -> None:
        """One has gone."""
        _take(self._by_address, household(address))

    def enter_channel(self, channel: str) -> None:
        """One more watches it, until `leave_channel`."""
        if self._by_channel[channel] >= self._most_per_channel:
            raise refuse(
                "viewers_per_channel",
                f"{channel} has {self._most_per_channel} viewers already: try again later",
            )
        self._by_channel[channel] += 1

    def leave_channel(self, channel: str) -> None:
        """One watches something else, or nothing."""
        _take(self._by_channel, channel)

    def _check(self, who: str) -> None:
        if not self.has_room():
            raise refuse("megabytes", "too much waits for viewers already: try again later")
        if self.count >= self._most:
            raise refuse("viewers", f"there are {self._most} viewers already: try again later")
        if self._by_address[who] >= self._most_per_address:
            raise refuse(
                "viewers_per_address",
                f"there are {self._most_per_address} viewers from your address already: "
                "close one, or try again later",
            )


def _take(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


class Allowance:
    """``rate`` messages a second on average, ``burst`` at once."""

    def __init__(self, rate: float = 10.0, burst: float = 20.0) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._last = 0.0

    def take(self, now: float) -> bool:
        """Count one message at monotonic time ``now``; False where it is one too many."""
        self._left = min(self._burst, self._left + (now - self._last) * self._rate)
        self._last = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
