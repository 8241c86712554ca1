"""Ledger: what became of the packets of a channel on their way to this hub."""

from dataclasses import dataclass

from televise.model.dropped import NOTHING, Dropped


@dataclass(slots=True)
class Ledger:
    """Counts packets. Their sequence numbers have no gaps where they are made; so of those between
    the first and the newest of an epoch here each one was ``received`` or is ``dropped``, and so is
    what is missing between two epochs that follow each other.

    ``repeated``: had already, by another link. ``strays``: of no epoch or track that is known here.
    """

    received: int = 0
    dropped: Dropped = NOTHING
    repeated: int = 0
    strays: int = 0

    @property
    def missing(self) -> int:
        """All that were dropped."""
        return self.dropped.total
