"""Hostile viewers: slow ones, and those that stall, leave, or send rubbish."""

import asyncio
import os
import random

from televise.crowd.account import Unit
from televise.crowd.viewer import Viewer, first_of

SMALL_BUFFER = 4096
# When one leaves, how long it stays away.
LEAVE_SECONDS = (0.3, 1.5)
RUBBISH_SECONDS = 0.2


class Slow(Viewer):
    """It reads a quarter of what the others do, or ``bytes_per_second``."""

    kind = "slow"
    receive_buffer = SMALL_BUFFER
    bytes_per_second = 0.0

    def rate(self) -> float:
        return self.bytes_per_second or self.output.slow_rate()


class Stalled(Viewer):
    """It reads the beginning, and nothing more until the end."""

    kind = "stalled"
    receive_buffer = SMALL_BUFFER

    def _took(self, unit: Unit, counts: bool) -> None:
        super()._took(unit, counts)
        if self.wire is not None and not self._settled and self.account.delivered == 1:
            self.wire.stop()


class Leaving(Viewer):
    """It leaves in the middle of something that is being sent, and comes again."""

    kind = "leaving"
    receive_buffer = SMALL_BUFFER

    async def run(self, stop: asyncio.Event) -> None:
        """Again and again."""
        while not stop.is_set():
            await self.join()
            await first_of(stop.wait(), seconds=random.uniform(*LEAVE_SECONDS))
            self.leave()


class HalfOpen(Viewer):
    """It sends half of a request, and then it is silent."""

    kind = "half-open"

    @property
    def first(self) -> bytes | None:
        return self.address.request[:-20]


class Rubbish(Viewer):
    """It sends what is no request; or asks for a stream, and sends what is no message."""

    kind = "rubbish"

    async def run(self, stop: asyncio.Event) -> None:
        """Again and again, as each time it is sent away."""
        while not stop.is_set():
            await self.join()
            while not stop.is_set() and not self._gone.is_set():
                if self.wire is not None and self.wire.transport is not None:
                    self.wire.transport.write(os.urandom(200))
                await first_of(stop.wait(), self._gone.wait(), seconds=RUBBISH_SECONDS)
            self.leave()
            await first_of(stop.wait(), seconds=RUBBISH_SECONDS)

    @property
    def first(self) -> bytes | None:
        return None if self.address.websocket else os.urandom(400)

    def body(self, data: bytes) -> None:
        """Whatever it is answered."""


class Passing(Viewer):
    """It joins, looks for a second and leaves."""

    kind = "passing"

    async def run(self, stop: asyncio.Event) -> None:
        """Once."""
        await self.join()
        await first_of(stop.wait(), self._gone.wait(), seconds=1.0)
        self.leave()


KINDS: dict[str, type[Viewer]] = {
    each.kind: each for each in (Viewer, Slow, Stalled, Leaving, HalfOpen, Rubbish, Passing)
}
