"""Neighbours: the other hubs on the bus, as they announce themselves."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from televise.errors import FormatError
from televise.hub.relays.clock import Clock
from televise.hub.relays.offer import Offer, parse_announcement
from televise.link.nats import Assembler

# A hub says every two seconds what it has; one that does not has gone.
SILENCE_SECONDS = 6.0
MAX_NEIGHBOURS = 1000


@dataclass(eq=False)
class Neighbour:
    """A hub: what it offers, and when that was last heard (monotonic seconds)."""

    node: str
    offers: dict[str, Offer] = field(default_factory=dict)
    heard: float = 0.0
    clock: Clock = field(default_factory=Clock)


class Neighbours:
    """Those that are there, by name; ``node`` is ourselves. It has no clock."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._by_node: dict[str, Neighbour] = {}
        self._assemblers: dict[str, Assembler] = {}

    def __len__(self) -> int:
        return len(self._by_node)

    def __iter__(self) -> Iterator[Neighbour]:
        return iter(self._by_node.values())

    def __contains__(self, node: str) -> bool:
        return node in self._by_node

    def has(self, neighbour: Neighbour, name: str) -> bool:
        """Whether ``neighbour`` is still there, and offers channel ``name``."""
        return self._by_node.get(neighbour.node) is neighbour and name in neighbour.offers

    def heard(self, node: str, part: bytes, now: float) -> bool:
        """A part of what ``node`` announces. True where what can be had is another now;
        FormatError where it is none."""
        if node not in self._assemblers and len(self._assemblers) >= MAX_NEIGHBOURS:
            raise FormatError(f"more than {MAX_NEIGHBOURS} hubs on one bus")
        data = self._assemblers.setdefault(node, Assembler()).feed(part)
        if data is None:
            return False
        who, offers = parse_announcement(data.decode(errors="replace"), self._node)
        if who != node:
            raise FormatError(f"an announcement by {node} in the name of {who}")
        neighbour = self._by_node.setdefault(node, Neighbour(node))
        before, neighbour.offers, neighbour.heard = neighbour.offers, offers, now
        return before != offers

    def silent(self, now: float) -> list[Neighbour]:
        """Those that have said nothing for long."""
        return [each for each in self._by_node.values() if now - each.heard > SILENCE_SECONDS]

    def forget(self, neighbour: Neighbour) -> bool:
        """It is not there any more. False where that is known, or it has come back."""
        known = self._by_node.get(neighbour.node) is neighbour
        if known:
            del self._by_node[neighbour.node]
            del self._assemblers[neighbour.node]
        return known

    def clear(self) -> None:
        """The bus is not there any more."""
        self._by_node.clear()
        self._assemblers.clear()

    def offers(self) -> dict[str, Offer]:
        """What they have together: of each channel, what the best says."""
        names = dict.fromkeys(name for each in self._by_node.values() for name in each.offers)
        return {name: best.offers[name] for name in names if (best := self.best(name))}

    def best(self, name: str) -> Neighbour | None:
        """The one with the shortest way to a live source, the same for all who ask."""
        having = [each for each in self._by_node.values() if name in each.offers]
        return min(having, key=lambda each: _rank(each.node, each.offers[name]), default=None)


def _rank(node: str, offer: Offer) -> tuple[bool, int, str]:
    return not offer.good, len(offer.path), node
