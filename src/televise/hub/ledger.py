"""Ledger: what became of the packets of a channel on their way to this hub."""

from dataclasses import dataclass


@dataclass(slots=True)
class Ledger:
    """Counts packets. Their sequence numbers have no gaps where they are made; so of those between
    the first and the newest of an epoch here each one was ``received`` or is ``missing``.

    ``repeated``: had already, by another link. ``strays``: of no epoch or track that is known here.
    """

    received: int = 0
    missing: int = 0
    repeated: int = 0
    strays: int = 0
