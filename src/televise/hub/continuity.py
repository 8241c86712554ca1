"""Continuity: which packets continue what came before them, and why others are missing."""

from dataclasses import dataclass

from televise.hub.ledger import Ledger
from televise.link.messages import Epoch
from televise.model.dropped import NOTHING, Dropped
from televise.model.packet import Packet


@dataclass(frozen=True, slots=True)
class Follows:
    """An epoch whose ``first`` packet comes after the ``last`` one of epoch ``before``."""

    before: int
    last: int
    first: int


# Of a stranger's counts: sums of them still have 64 bits.
MOST = 1 << 62


class Continuity:
    """Of one subscription, as it comes to this hub; the ``ledger`` is kept.

    ``follows`` is known from the first packet of an epoch on. ``broken``: nothing can be taken
    before the next keyframe.
    """

    def __init__(self, epoch: int, ledger: Ledger) -> None:
        self._epoch = epoch
        self._ledger = ledger
        self.follows: Follows | None = None
        self.broken = False
        self._before: tuple[int, int] = 0, 0
        self._last: int | None = None
        # What the next packet's number must be, None where it may be any.
        self._next: int | None = None
        # Those that are missed with the end of an epoch, or came in vain; and what is told of them.
        self._tail = self._in_vain = 0
        self._told = NOTHING

    def begin(self, message: Epoch) -> None:
        """A new epoch."""
        last, known = self._last, False
        if last is not None:
            known = message.before == self._epoch
            newest = max(last, message.last) if known else last
            self._tail += newest - last
            self._before = self._epoch, newest
        self._epoch, self._last, self.follows = message.epoch, None, None
        self.broken = False
        self._next = message.first if known else None

    def explain(self, dropped: Dropped) -> None:
        """Why numbers before the next packet are missing."""
        self._told = (self._told + dropped).at_most(MOST)

    def enter(self, packet: Packet) -> Dropped | None:
        """What is missing before it; None where it is not to be taken: it came already, or nobody
        can begin at it."""
        if self._last is not None and packet.sequence <= self._last:
            self._ledger.repeated += 1
            self._told = NOTHING
            return None
        missing = 0 if self._next is None else max(0, packet.sequence - self._next)
        self.broken = (missing > 0 or self._last is None) and not packet.keyframe
        if self.broken:
            self._in_vain += 1  # to be counted as missing, when it goes on
            return None
        dropped = self._reasons(missing + self._tail) if missing or self._tail else NOTHING
        self._take(packet, dropped)
        return dropped

    def _take(self, packet: Packet, dropped: Dropped) -> None:
        if self.follows is None:
            first = packet.sequence if self._next is None else self._next
            self.follows = Follows(*self._before, first)
        self._ledger.received += 1
        if dropped:
            self._ledger.dropped += dropped
        self._last, self._next = packet.sequence, packet.sequence + 1
        if self._in_vain or self._tail or self._told:
            self._tail, self._in_vain, self._told = 0, 0, NOTHING

    def _reasons(self, count: int) -> Dropped:
        """Of so many that are missing: what was told, what we had, what was over, and the rest."""
        told = self._told.at_most(count)
        rest = count - told.total
        resync = min(self._in_vain, rest)
        source_gap = min(self._tail, rest - resync)
        fault = rest - resync - source_gap
        return told + Dropped(resync=resync, source_gap=source_gap, fault=fault)
