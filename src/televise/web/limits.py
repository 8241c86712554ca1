"""How many viewers there may be, and how much each may say."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from televise.errors import LimitReached


class Admission:
    """Counts viewers; LimitReached for one too many."""

    def __init__(self, most: int, most_per_address: int) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._by_address: Counter[str] = Counter()
        self.refused = 0

    def set_limits(self, most: int, most_per_address: int) -> None:
        """From now on; who is there may stay."""
        self._most, self._most_per_address = most, most_per_address

    @property
    def count(self) -> int:
        """Viewers that are there now."""
        return self._by_address.total()

    @contextmanager
    def viewer(self, address: str) -> Iterator[None]:
        """One viewer, while the block runs."""
        self._check(address)
        self._by_address[address] += 1
        try:
            yield
        finally:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def _check(self, address: str) -> None:
        if self.count >= self._most:
            self.refused += 1
            raise LimitReached(f"there are {self._most} viewers already: try again later")
        if self._by_address[address] >= self._most_per_address:
            self.refused += 1
            raise LimitReached(
                f"there are {self._most_per_address} viewers from your address already: "
                "close one, or try again later"
            )


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
