"""Output: one stream that a crowd watches, and all that anybody saw of it."""

import asyncio
import time
from collections import defaultdict

from televise.crowd.account import Account
from televise.crowd.readers import READERS, Jpegs, Reader
from televise.crowd.wire import Address

# What a slow viewer reads of all that its output has.
SLOW_SHARE = 0.25
LEAST_RATE = 4_000.0
# How many of those who watch over HTTP ask at a time what became of everything.
MOST_ASKING = 20


class Output:
    """One stream that is watched: its ``name``, where it is, and its extension.

    ``seen`` is all that anybody saw of it, by tracks, where numbers are times.
    """

    def __init__(self, name: str, address: Address, extension: str) -> None:
        self.name = name
        self.address = address
        self.extension = extension
        self.seen: defaultdict[int, set[int]] = defaultdict(set)
        self.accounts: list[Account] = []
        self.asking = asyncio.Semaphore(MOST_ASKING)
        self.began = time.monotonic()

    def reader(self) -> Reader:
        """For one connection."""
        return Jpegs() if self.address.websocket else READERS[self.extension]()

    def slow_rate(self) -> float:
        """Bytes per second of a viewer that takes a part of what the others get."""
        most = max((each.bytes for each in self.accounts), default=0)
        elapsed = max(time.monotonic() - self.began, 0.5)
        return max(LEAST_RATE, SLOW_SHARE * most / elapsed)
