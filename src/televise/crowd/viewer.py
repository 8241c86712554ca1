"""Viewers of a crowd, good and bad: each keeps an account of what it got."""

import asyncio
import contextlib
import json
import os
import random
import time
from collections import defaultdict
from typing import Any

from televise.crowd.account import Account, Unit
from televise.crowd.readers import READERS, Jpegs, Reader, Told, TransportPackets
from televise.crowd.wire import Address, Head, Wire, connect
from televise.formats.websocket import TEXT
from televise.model.dropped import Dropped

# What a slow viewer reads of all that its output has.
SLOW_SHARE = 0.25
LEAST_RATE = 4_000.0
SMALL_BUFFER = 4096
# How long the hub may take to say what became of everything.
LEDGER_SECONDS = 4.0
# A hub takes ten messages a second.
ASK_SECONDS = 0.15
# When one leaves, how long it stays away; and how long those stay who join and leave.
LEAVE_SECONDS = (0.3, 1.5)
RUBBISH_SECONDS = 0.2


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
        self.began = time.monotonic()

    def reader(self) -> Reader:
        """For one connection."""
        return Jpegs() if self.address.websocket else READERS[self.extension]()

    def slow_rate(self) -> float:
        """Bytes per second of a viewer that takes a part of what the others get."""
        most = max((each.bytes for each in self.accounts), default=0)
        elapsed = max(time.monotonic() - self.began, 0.5)
        return max(LEAST_RATE, SLOW_SHARE * most / elapsed)


class Viewer:
    """A good one: it takes everything. Others are made of it.

    Within ``run`` it watches until ``stop`` is set, and then settles its account.
    """

    kind = "healthy"
    receive_buffer = 0

    def __init__(self, output: Output) -> None:
        self.output = output
        self.account = Account(output.name, self.kind)
        output.accounts.append(self.account)
        self.wire: Wire | None = None
        self._told: Told | None = None
        self._reader: Reader | None = None
        self._ledger = asyncio.Event()
        self._gone = asyncio.Event()
        self._settled = False
        self._leaving = False

    async def run(self, stop: asyncio.Event) -> None:
        """Watch."""
        await self.join()
        await first_of(stop.wait(), self._gone.wait())
        await self.settle()
        self.leave()

    async def join(self) -> None:
        """Connect, and ask for the stream."""
        self._gone.clear()
        self._leaving = False
        self._told = self._reader = None
        self.account.begin(time.monotonic())
        try:
            self.wire = await connect(
                self.output.address,
                self,
                first=self.first,
                rate=self.rate,
                receive_buffer=self.receive_buffer,
            )
        except OSError as error:
            self.gone(error.strerror or str(error))

    def leave(self) -> None:
        """End the connection."""
        self._leaving = True
        if self.wire is not None:
            self.wire.end()

    async def settle(self) -> None:
        """Ask the hub what became of everything, and count what comes until it has said so."""
        if self._told is None or self.wire is None or self._gone.is_set():
            return
        self.wire.go()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEDGER_SECONDS):
                while not self._gone.is_set() and not await self._ask():
                    await first_of(self._gone.wait(), seconds=ASK_SECONDS)
        self._settled = True

    async def _ask(self) -> bool:
        """Whether nothing waits any more for it."""
        self._ledger.clear()
        self.say("ledger")
        await first_of(self._ledger.wait(), self._gone.wait())
        return not self.account.waiting

    def say(self, kind: str, **values: Any) -> None:
        """A text message of ``televise.v1``."""
        if self.wire is not None:
            self.wire.send(TEXT, json.dumps({"type": kind, **values}).encode())

    @property
    def first(self) -> bytes | None:
        """What is sent instead of the right request."""
        return None

    def rate(self) -> float:
        """Bytes per second that it reads; 0: all."""
        return 0.0

    def opened(self, head: Head) -> None:
        """The answer has begun."""
        if head.told:
            self._told = Told()
            self.say("clock", client=time.time() * 1000)
        else:
            self._reader = self.output.reader()

    def body(self, data: bytes) -> None:
        """Bytes of an endless answer."""
        if self._reader is None:
            return
        self.account.bytes += len(data)
        for unit in self._reader.feed(data):
            self._took(unit, self._reader.counts)
        if isinstance(self._reader, TransportPackets):
            self.account.breaks = self._reader.breaks

    def message(self, opcode: int, payload: bytes) -> None:
        """One WebSocket message."""
        self.account.bytes += 0 if self._settled else len(payload)
        if self._told is None:
            self._took(Unit(), False)
        elif opcode == TEXT:
            self._hear(self._told, self._told.text(payload))
        elif unit := self._told.binary():
            self._took(unit, True)

    def gone(self, reason: str) -> None:
        """The connection has ended."""
        if reason and not self._leaving and not self._settled:
            self.account.ended = reason
        self._gone.set()

    def _hear(self, told: Told, message: dict[str, Any]) -> None:
        if message["type"] == "clock":
            now = time.time() * 1000
            told.offset = ((message["client"] + now) / 2 - message["server"]) / 1000
        elif message["type"] == "ledger":
            dropped = Dropped(**message["dropped"])
            self.account.closed(message["delivered"], message["waiting"], dropped)
            self._settled = not message["waiting"]
            self._ledger.set()

    def _took(self, unit: Unit, counts: bool) -> None:
        if self._settled:
            return
        if unit.number is not None and not counts:
            self.output.seen[unit.track].add(unit.number)
        self.account.took(unit, time.monotonic(), time.time(), counts=counts)


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
        return self.output.address.request[:-20]


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
        return None if self.output.address.websocket else os.urandom(400)

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


async def first_of(*waiting: Any, seconds: float | None = None) -> None:
    """Wait for one of these, or so long."""
    tasks = [asyncio.ensure_future(each) for each in waiting]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
