"""Dropped: how many packets somebody does not get, and why."""

from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass

# Of the places where something is missing, so many are known.
MAX_PLACES = 1000


@dataclass(frozen=True, slots=True)
class Dropped:
    """Packets by the reason for which they were left out.

    ``slow``: a viewer or a link took too little, and went on at a keyframe. ``resync``: they came,
    but nobody can begin at them. ``source_gap``: their epoch had ended (the source began anew)
    before they came. ``fault``: they were lost between two hubs.
    """

    slow: int = 0
    resync: int = 0
    source_gap: int = 0
    fault: int = 0

    def __add__(self, other: "Dropped") -> "Dropped":
        return Dropped(*(a + b for a, b in zip(self, other, strict=True)))

    def __sub__(self, other: "Dropped") -> "Dropped":
        return Dropped(*(a - b for a, b in zip(self, other, strict=True)))

    def __iter__(self) -> Iterator[int]:
        yield from (self.slow, self.resync, self.source_gap, self.fault)

    def __bool__(self) -> bool:
        return self is not NOTHING and self != NOTHING

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self)

    def at_most(self, count: int) -> "Dropped":
        """The same, but no more than ``count`` in all."""
        kept = []
        for number in self:
            kept.append(min(number, count))
            count -= kept[-1]
        return Dropped(*kept)

    def to_json(self) -> dict[str, int]:
        """The reasons that there are."""
        return {reason: count for reason, count in asdict(self).items() if count}


NOTHING = Dropped()


class Gaps:
    """Where something is missing in a log: how much, and why, before which position."""

    def __init__(self) -> None:
        self.total = NOTHING
        self._places: deque[tuple[int, Dropped]] = deque(maxlen=MAX_PLACES)

    def note(self, position: int, dropped: Dropped) -> None:
        """Something is missing before the item at ``position``, the newest."""
        self._places.append((position, dropped))
        self.total += dropped

    def between(self, start: int, end: int) -> Dropped:
        """What is missing before the items from ``start`` on, that at ``end`` not among them."""
        found = (dropped for position, dropped in self._places if start <= position < end)
        return sum(found, NOTHING)
