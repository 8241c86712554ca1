"""Account: what one viewer got, packet for packet."""

from dataclasses import dataclass, field
from typing import Any

from televise.model.dropped import NOTHING, Dropped


@dataclass(frozen=True, slots=True)
class Unit:
    """One picture or block of sound that has come.

    ``number`` is its place in ``epoch`` of ``track``, or its time, None where the format has
    neither; ``captured`` is Unix seconds.
    """

    epoch: int = 0
    number: int | None = None
    track: int = 0
    captured: float | None = None


@dataclass
class Account:
    """Of one viewer of ``output``. Times are milliseconds.

    ``first`` and ``last`` are epoch and number of what it got. ``missing`` counts numbers that did
    not come between those that did, None where numbers cannot tell; ``counts`` says that they have
    no gaps of their own, else it is what others of the crowd saw, which may be less. ``breaks``
    counts jumps of a format's own counters. ``dropped`` is what the hub says of what did not come,
    ``waiting`` what it had still to send at the end, ``said`` how much it says to have delivered
    until then.
    """

    output: str
    kind: str
    delivered: int = 0
    bytes: int = 0
    missing: int | None = None
    duplicates: int = 0
    disorder: int = 0
    breaks: int = 0
    epochs: int = 0
    dropped: Dropped = NOTHING
    said: int | None = None
    waiting: int | None = None
    first_ms: float | None = None
    longest_gap_ms: float = 0.0
    age_ms: float | None = None
    worst_age_ms: float | None = None
    joins: int = 0
    ended: str = ""
    first: tuple[int, int] | None = None
    last: tuple[int, int] | None = None
    counts: bool = True
    spans: dict[int, tuple[int, int]] = field(default_factory=dict, repr=False)
    _last: dict[int, tuple[int, int]] = field(default_factory=dict, repr=False)
    _begun: float = field(default=0.0, repr=False)
    _heard: float = field(default=0.0, repr=False)
    _ages: int = field(default=0, repr=False)

    def begin(self, now: float) -> None:
        """It connects, at monotonic time ``now``."""
        self.joins += 1
        self._begun = now
        self._last.clear()  # numbers begin anywhere

    def took(self, unit: Unit, now: float, wall: float, *, counts: bool) -> None:
        """One more has come; ``counts``: its numbers have no gaps unless something is missing."""
        self.delivered += 1
        self.counts = counts
        if self.first_ms is None:
            self.first_ms = (now - self._begun) * 1000
        else:
            self.longest_gap_ms = max(self.longest_gap_ms, (now - self._heard) * 1000)
        self._heard = now
        if unit.number is not None:
            self._place(unit, unit.number, counts)
        if unit.captured is not None:
            self._note_age((wall - unit.captured) * 1000)

    def _place(self, unit: Unit, number: int, counts: bool) -> None:
        if counts and self.missing is None:
            self.missing = 0
        self.last = unit.epoch, number
        self.first = self.first or self.last
        first = self.spans.get(unit.track, (number, number))[0]
        self.spans[unit.track] = first, number
        last = self._last.get(unit.track)
        self._last[unit.track] = unit.epoch, number
        if last is None or last[0] != unit.epoch:
            self.epochs += 1
        elif number == last[1]:
            self.duplicates += 1
        elif number < last[1]:
            self.disorder += 1
        elif counts and self.missing is not None:
            self.missing += number - last[1] - 1

    def _note_age(self, age: float) -> None:
        self._ages += 1
        mean = self.age_ms or 0.0
        self.age_ms = mean + (age - mean) / self._ages
        self.worst_age_ms = max(age, self.worst_age_ms or age)

    def closed(self, delivered: int, waiting: int, dropped: Dropped) -> None:
        """What the hub says at the end."""
        self.said, self.waiting, self.dropped = delivered, waiting, dropped

    @property
    def lost(self) -> int:
        """Packets that it did not get, as far as is known."""
        return max(self.missing or 0, self.dropped.total)

    @property
    def offered(self) -> int | None:
        """What there was for it since it began; None where nobody has told."""
        return None if self.said is None else self.said + self.dropped.total + (self.waiting or 0)

    @property
    def exact(self) -> bool:
        """Nothing came twice or in another order, and what the hub says is what came."""
        if self.duplicates or self.disorder or (self.breaks and not self.lost):
            return False
        if self.said is None:
            return True
        unknown = self.epochs > 1 or self.waiting
        missing, dropped = self.missing or 0, self.dropped.total
        agreed = unknown or (missing == dropped if self.counts else missing <= dropped)
        return self.said == self.delivered and bool(agreed)

    @property
    def complete(self) -> bool:
        """It got everything, and stayed to the end."""
        return self.delivered > 0 and not self.lost and self.exact and not self.ended

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        values = {
            name: round(value, 1) if isinstance(value, float) else value
            for name, value in vars(self).items()
            if not name.startswith("_") and name != "spans"
        }
        verdict = {"offered": self.offered, "exact": self.exact, "complete": self.complete}
        return values | verdict | {"dropped": self.dropped.to_json()}
