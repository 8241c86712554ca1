"""A server that speaks dialects, and what their clients must find in what it sends."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from televise.dialects import parse_dialect
from tests.support.mp4 import Fragment, is_init, parse_fragment
from tests.support.server import SMALL, Serving, serving
from tests.support.wire import BINARY, Stream, exchange, request


@dataclass
class Speaking:
    """A running server, and one of its dialects."""

    tv: Serving
    ports: list[int]

    @property
    def port(self) -> int:
        return self.ports[0]

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, headers: dict[str, str] | None = None
    ) -> AsyncIterator[Stream]:
        async with Stream.open(self.port, path, headers) as stream:
            assert stream.status == 200, stream.head
            yield stream

    @contextlib.asynccontextmanager
    async def socket(
        self, path: str, headers: dict[str, str] | None = None, port: int = 0
    ) -> AsyncIterator[Stream]:
        async with Stream.open(port or self.port, path, headers, websocket=True) as stream:
            assert stream.status == 101, stream.head
            assert "sec-websocket-extensions" not in stream.headers
            yield stream

    async def answer(self, path: str, method: str = "GET") -> tuple[bytes, bytes]:
        """Head and body of an answer that ends."""
        asked = request(path, self.port, {"Connection": "close"}, method)
        head, _, body = (await exchange(self.port, asked)).partition(b"\r\n\r\n")
        return head, body

    async def status(self, path: str, method: str = "GET") -> int:
        return int((await self.answer(path, method))[0].split()[1])


@contextlib.asynccontextmanager
async def speaking(
    dialect: str, *sources: str, static: Path | None = None, **settings: Any
) -> AsyncIterator[Speaking]:
    """``dialect`` is ``NAME[=CHANNEL]``; it gets a free port, or several."""
    sources = sources or (f"cam={SMALL}",)
    spec = replace(parse_dialect(f"{dialect}@0"), static=static)
    async with serving(*sources, dialects=[spec], **settings) as tv:
        for channel in tv.server.hub.channels:
            await tv.is_live(channel.name)
        yield Speaking(tv, [mounted.port for mounted in tv.server.dialects])


async def binary(stream: Stream) -> bytes:
    """The next message, which must be binary."""
    frame = await stream.frame()
    assert frame.opcode == BINARY, frame
    return frame.payload


async def fragments(stream: Stream, count: int) -> list[Fragment]:
    """The next messages: whole fragments, one each, from an IDR picture on, in order."""
    found = [parse_fragment(await binary(stream)) for _ in range(count)]
    assert found[0].sync
    assert found[0].starts_at_idr
    sequence = [fragment.sequence for fragment in found]
    assert sequence == list(range(sequence[0], sequence[0] + count))
    return found


async def init(stream: Stream) -> bytes:
    """The next message: an init segment."""
    message = await binary(stream)
    assert is_init(message)
    return message
