"""Places: how many connections there may be, in all and from one address.

One address has half of them at most, if nothing else is said. When they are used up, a few spare
ones are left, on which the operator is answered, and everybody else is told to come again. They are
for those who come last: a new one takes the place of the oldest.
"""

from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from televise.model import refusals
from televise.web.trust.suspects import household

SPARE, SPARE_PER_ADDRESS = 16, 4
# It ends then, whatever is said on it.
SPARE_SECONDS = 5.0
CONNECTIONS, PER_ADDRESS = "connections", "connections_per_address"


class Place(Enum):
    """What a connection is let in as."""

    USUAL = "usual"
    SPARE = "spare"
    NONE = "none"


class Guest(Protocol):
    """Who has a place."""

    address: str
    place: Place

    def dismiss(self) -> None:
        """Its place is needed."""


class Places:
    """Counts ``most`` connections; ``shared`` says which addresses stand for many people, ``spare``
    whether there are others beside."""

    def __init__(
        self,
        most: int,
        most_per_address: int = 0,
        shared: Callable[[str], bool] = lambda address: not address,
        *,
        spare: bool = True,
    ) -> None:
        self.most = most
        self._shared = shared
        self._has_spare = spare
        self._usual: Counter[str] = Counter()
        self._spare: dict[Guest, str] = {}
        self._count = 0
        self.set_limit(most_per_address)

    def set_limit(self, most_per_address: int) -> None:
        """So many from one address from now on; 0 for half of all."""
        self.most_per_address = most_per_address or max(1, self.most // 2)

    def place_for(self, address: str) -> Place:
        """What there is for one more connection from there."""
        limit = self._limit(address)
        if not limit:
            return Place.USUAL
        refusals.counts[limit] += 1
        return Place.SPARE if self._has_spare else Place.NONE

    def enter(self, guest: Guest) -> None:
        """It takes its place, until it is said to `leave`."""
        who = household(guest.address)
        if guest.place is Place.USUAL:
            self._usual[who] += 1
            self._count += 1
            return
        theirs = [each for each, other in self._spare.items() if other == who]
        if len(theirs) >= SPARE_PER_ADDRESS and not self._shared(guest.address):
            self._dismiss(theirs[0])
        elif len(self._spare) >= SPARE:
            self._dismiss(next(iter(self._spare)))
        self._spare[guest] = who

    def leave(self, guest: Guest) -> None:
        """It has gone."""
        if guest.place is not Place.USUAL:
            self._spare.pop(guest, None)
            return
        who = household(guest.address)
        self._usual[who] -= 1
        self._count -= 1
        if not self._usual[who]:
            del self._usual[who]

    def _dismiss(self, guest: Guest) -> None:
        del self._spare[guest]
        guest.dismiss()

    def _limit(self, address: str) -> str:
        """The one that is reached; '' for none."""
        if self._count >= self.most:
            return CONNECTIONS
        full = self._usual[household(address)] >= self.most_per_address
        return PER_ADDRESS if full and not self._shared(address) else ""
