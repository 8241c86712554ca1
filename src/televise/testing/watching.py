"""Viewers for tests, good and hostile ones: each with an account of what it got."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from televise.crowd.account import Account
from televise.crowd.hostile import KINDS, Slow
from televise.crowd.outputs import EXAMPLES, outputs_of
from televise.crowd.viewer import Viewer
from televise.crowd.wire import Address, connect
from televise.errors import InputError
from televise.model.hub_url import parse_hub_url


class Watching:
    """A viewer that watches now."""

    def __init__(self, viewer: Viewer, stop: asyncio.Event, running: "asyncio.Task[None]") -> None:
        self._viewer = viewer
        self._stop = stop
        self._running = running

    @property
    def account(self) -> Account:
        """What it got so far."""
        return self._viewer.account

    async def takes(self, count: int, seconds: float = 40.0) -> None:
        """Wait for so many more pictures and blocks of sound. TimeoutError."""
        wanted = self.account.delivered + count
        async with asyncio.timeout(seconds):
            while self.account.delivered < wanted:
                if self._running.done():
                    raise TimeoutError(f"the viewer has ended: {self.account.ended}")
                await asyncio.sleep(0.02)

    async def settled(self) -> Account:
        """End it, and ask the hub what became of everything."""
        self._stop.set()
        await self._running
        return self.account


@contextlib.asynccontextmanager
async def watching(
    url: str, kind: str = "healthy", *, rate: float = 0.0, token: str = ""
) -> AsyncIterator[Watching]:
    """A viewer of one stream (``ws://127.0.0.1:8080/cam.mp4``), while the block runs.

    ``kind`` is healthy, slow (``rate`` is its bytes per second), stalled, leaving, half-open,
    rubbish or passing. Over WebSocket the account is
    exact, as the hub tells numbers there. InputError for another kind or URL.
    """
    if kind not in KINDS:
        raise InputError(f"kind={kind!r}: one of {', '.join(KINDS)}")
    [output, *others] = await outputs_of(parse_hub_url(url, EXAMPLES), token)
    if others:
        raise InputError(f"{url!r}: one stream, as in ws://127.0.0.1:8080/cam.mp4")
    viewer, stop = KINDS[kind](output), asyncio.Event()
    if isinstance(viewer, Slow):
        viewer.bytes_per_second = rate
    running = asyncio.create_task(viewer.run(stop))
    try:
        yield Watching(viewer, stop, running)
    finally:
        stop.set()
        viewer.leave()
        await running


class _Silent:
    """Hears nothing of an answer, and notes that the connection ended."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    def opened(self, head: object) -> None:
        """It is answered."""

    def body(self, data: bytes) -> None:
        """Whatever it is."""

    def message(self, opcode: int, payload: bytes) -> None:
        """Whatever it is."""

    def gone(self, reason: str) -> None:
        """It ended."""
        self.ended.set()


@contextlib.asynccontextmanager
async def slowloris(
    port: int, connections: int = 10, path: str = "/", seconds: float = 0.2
) -> AsyncIterator[list[asyncio.Event]]:
    """So many connections that send their requests a byte at a time, while the block runs.

    Each has an event that is set when the server has ended it.
    """
    address, hearing = Address("127.0.0.1", port, path), [_Silent() for _ in range(connections)]

    async def trickle(each: _Silent) -> None:
        wire = await connect(address, each, first=b"")
        try:
            for byte in address.request[:-1]:
                if each.ended.is_set() or wire.transport is None:
                    return
                wire.transport.write(bytes([byte]))
                await asyncio.sleep(seconds)
            await each.ended.wait()
        finally:
            wire.end()

    tasks = [asyncio.create_task(trickle(each)) for each in hearing]
    try:
        yield [each.ended for each in hearing]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
