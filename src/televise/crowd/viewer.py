"""Viewer: a good one of a crowd; it keeps an account of what it gets."""

import asyncio
import contextlib
import json
import time
from dataclasses import replace
from typing import Any

from televise.crowd import ledger
from televise.crowd.account import Account, Unit
from televise.crowd.output import Output
from televise.crowd.readers import Reader, TransportPackets
from televise.crowd.told import Told
from televise.crowd.wire import Head, Wire, connect
from televise.formats.websocket import TEXT
from televise.model.dropped import Dropped

# How long the hub may take to say what became of everything.
LEDGER_SECONDS = 4.0
# A hub takes ten messages a second.
ASK_SECONDS = 0.15


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
        self.address = output.address
        if not self.address.websocket:
            self.address = replace(self.address, viewer=ledger.identifier())
        self.wire: Wire | None = None
        self._told: Told | None = None
        self._reader: Reader | None = None
        self._ledger = asyncio.Event()
        # How much had been sent when the hub was asked.
        self._goal: int | None = None
        self._arrived = asyncio.Event()
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
                self.address,
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
        if self.wire is None or self._gone.is_set():
            return
        self.wire.go()
        async with contextlib.nullcontext() if self._told else self.output.asking:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEDGER_SECONDS):
                    while not (self._settled or self._gone.is_set() or await self._ask()):
                        await first_of(self._gone.wait(), seconds=ASK_SECONDS)
        self._settled = True

    async def _ask(self) -> bool:
        """Whether nothing waits any more for it."""
        return await (self._ask_here() if self._told else self._ask_beside())

    async def _ask_beside(self) -> bool:
        """Over HTTP. Meanwhile nothing is read, so that all that was counted here was counted there
        too, and then what was counted there is waited for."""
        assert self.wire is not None
        self.wire.stop()
        self._arrived.clear()
        said = await ledger.ask(self.address)
        if said is not None and said["delivered"] >= self.account.delivered:
            self._close(said)
            self._goal = said["delivered"]
            self._reach()
        self.wire.go()
        if said is not None:
            await first_of(self._arrived.wait(), self._gone.wait())
        return self._settled

    def _reach(self) -> None:
        """Whether all has come that the hub had sent; where nothing waits there, that was all."""
        if self._goal == self.account.delivered:
            self._goal = None
            self._settled = not self.account.waiting
            self._arrived.set()

    async def _ask_here(self) -> bool:
        """Over WebSocket: the answer stands behind all that it counts."""
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
        if self._reader is None or self._settled:
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
            self._close(message)
            self._settled = not message["waiting"]
            self._ledger.set()

    def _close(self, said: dict[str, Any]) -> None:
        dropped = Dropped(**said["dropped"])
        self.account.closed(said["delivered"], said["waiting"], dropped)

    def _took(self, unit: Unit, counts: bool) -> None:
        if self._settled:
            return
        if unit.number is not None and not counts:
            self.output.seen[unit.track].add(unit.number)
        self.account.took(unit, time.monotonic(), time.time(), counts=counts)
        self._reach()


async def first_of(*waiting: Any, seconds: float | None = None) -> None:
    """Wait for one of these, or so long."""
    tasks = [asyncio.ensure_future(each) for each in waiting]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
