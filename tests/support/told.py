"""Told: a player's connection, of which every packet is noted."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import pairwise

from tests.support.mp4 import is_init
from tests.support.waiting import until
from tests.support.wire import CLOSE, Stream


class Told:
    """``packets`` are (epoch, sequence), in the order in which they came; ``closed`` is the code
    with which the server has closed it, or 0."""

    def __init__(self, stream: Stream) -> None:
        self.packets: list[tuple[int, int]] = []
        self.closed = 0
        self._stream = stream

    @property
    def epochs(self) -> list[int]:
        return list(dict.fromkeys(epoch for epoch, _ in self.packets))

    async def read(self) -> None:
        """Until the server closes it."""
        while (frame := await self._stream.frame()).opcode != CLOSE:
            message = frame.json
            if message["type"] == "init":
                assert is_init((await self._stream.frame()).payload)
            elif message["type"] == "chunk":
                self.packets.append((message["epoch"], message["sequence"]))
                await self._stream.frame()
        self.closed = int.from_bytes(frame.payload[:2], "big")

    async def gets(self, count: int) -> None:
        """So many more."""
        wanted = len(self.packets) + count
        await until(lambda: len(self.packets) >= wanted)

    def check_unbroken(self) -> None:
        """One epoch, and no packet of it is missing."""
        assert len(self.epochs) == 1
        assert all(after[1] == before[1] + 1 for before, after in pairwise(self.packets))


@contextlib.asynccontextmanager
async def told(port: int, path: str) -> AsyncIterator[Told]:
    """Watch like a player, and take all that comes."""
    headers = {"Sec-WebSocket-Protocol": "televise.v1"}
    async with Stream.open(port, path, websocket=True, headers=headers) as stream:
        assert stream.status == 101, stream.head
        watching = Told(stream)
        reading = asyncio.create_task(watching.read())
        try:
            yield watching
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


@contextlib.asynccontextmanager
async def unharmed(port: int, path: str = "/cam.mp4") -> AsyncIterator[Told]:
    """Somebody who watches before, while and after the block runs, and misses nothing."""
    async with told(port, path) as viewer:
        await viewer.gets(5)
        yield viewer
        await viewer.gets(5)
        viewer.check_unbroken()
        assert not viewer.closed
