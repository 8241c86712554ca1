"""Suspects: addresses from which wrong keys come. They wait; nobody else does."""

import asyncio
import ipaddress
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from televise.errors import TooManyTries
from televise.model import refusals

# So many in a minute may be typing errors, and are answered at once.
FREE_TRIES = 10
MINUTE_SECONDS = 60.0
# Each further one is answered after a time that is drawn by lot.
LONGEST_DELAY_SECONDS = 4.0
# So many may be waiting for their answers, from one address and in all.
MOST_WAITING, MOST_WAITING_IN_ALL = 8, 256
MAX_ADDRESSES = 10_000


class Suspects:
    """Counts wrong keys. Nothing is held up but the answer to a wrong key: who has a right one is
    let in at once, from the same address too.

    A fan-out process sets ``on_wrong``: its hub counts those that come to all of them.
    """

    def __init__(self) -> None:
        self.on_wrong: Callable[[str], Awaitable[None]] = self._wait
        self.wrong = 0
        self._tries: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._began = 0.0

    def delay(self, address: str) -> float:
        """A wrong key came from there: how many seconds the answer has to wait."""
        now = time.monotonic()
        if now - self._began > MINUTE_SECONDS or len(self._tries) >= MAX_ADDRESSES:
            self._tries.clear()
            self._began = now
        self.wrong += 1
        self._tries[household(address)] += 1
        suspicious = self._tries[household(address)] > FREE_TRIES
        return random.uniform(0, LONGEST_DELAY_SECONDS) if suspicious else 0.0

    async def wait(self, address: str) -> None:
        """Let the answer to a wrong key wait. TooManyTries."""
        await self.on_wrong(address)

    async def _wait(self, address: str) -> None:
        seconds, network = self.delay(address), household(address)
        if not seconds:
            return
        waiting = self._waiting
        if waiting[network] >= MOST_WAITING or waiting.total() >= MOST_WAITING_IN_ALL:
            refusals.counts["wrong_keys"] += 1
            raise TooManyTries("too many wrong keys came from your address: try again later")
        waiting[network] += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            waiting[network] -= 1
            if not waiting[network]:
                del waiting[network]


def household(address: str) -> str:
    """Whom an address belongs to: of IPv6 one household has 2^64."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False))
