"""A thousand viewers that join at once: the seconds until each has its first picture, and what
those get meanwhile who are there already.

H.264 of 640x360, 25 pictures a second, over WebSocket; all viewers are in one process beside the
hub's. Goals: all are let in, the 99th percentile is below 2 s, and the old ones get 99 % of their
pictures. The client takes its share of both cores: the hub alone would be quicker.
"""

import argparse
import asyncio
import contextlib
import json
import time
from statistics import quantiles

from bench.hub import Hub, serving
from televise.testing import watching

SOURCE = "cam=pattern:?size=640x360&fps=25"
PATH = "/cam.mp4"
PATIENCE_SECONDS = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=1000, help="who join")
    parser.add_argument("--old", type=int, default=20, help="who are there already")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long all watch then")
    options = parser.parse_args()
    with serving(SOURCE) as hub:
        print(json.dumps(asyncio.run(_measure(hub, options))))


async def _measure(hub: Hub, options: argparse.Namespace) -> dict[str, float]:
    url = f"ws://127.0.0.1:{hub.port}{PATH}"
    async with contextlib.AsyncExitStack() as stack:
        old = [await stack.enter_async_context(watching(url)) for _ in range(options.old)]
        for each in old:
            await each.takes(25)
        memory, used = hub.resident_bytes(), hub.cpu_seconds()
        joining = [Joining(hub.port) for _ in range(options.viewers)]
        await asyncio.gather(*(one.connect() for one in joining))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(*(one.first.wait() for one in joining))
        used = hub.cpu_seconds() - used
        await asyncio.sleep(options.seconds)
        memory = hub.resident_bytes() - memory
        accounts = await asyncio.gather(*(each.settled() for each in old))
        for one in joining:
            one.leave()
    seconds = sorted(one.seconds for one in joining if one.first.is_set())
    got = sum(account.delivered for account in accounts)
    missing = sum(account.missing or 0 for account in accounts)
    return {
        "joined": options.viewers,
        "pictures": len(seconds),
        "first_p50": round(seconds[len(seconds) // 2], 3),
        "first_p99": round(quantiles(seconds, n=100)[98], 3),
        "first_last": round(seconds[-1], 3),
        "hub_cpu_seconds_until_then": round(used, 2),
        "kb_per_viewer": round(memory / options.viewers / 1000, 1),
        "old_viewers": len(old),
        "old_got_share": round(got / (got + missing), 4),
        "old_longest_gap_ms": max(account.longest_gap_ms for account in accounts),
    }


class Joining(asyncio.Protocol):
    """One who comes; all that is looked for is the first fragment."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._data = bytearray()
        self._began = self.seconds = 0.0
        self._transport: asyncio.BaseTransport | None = None
        self.first = asyncio.Event()
        self.lost = asyncio.Event()

    async def connect(self) -> None:
        self._began = time.monotonic()
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", self._port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        lines = [f"GET {PATH} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", "Upgrade: websocket"]
        lines += ["Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", ""]
        transport.write("\r\n".join(lines).encode())

    def data_received(self, data: bytes) -> None:
        if self.first.is_set():
            return
        self._data += data
        if b"mdat" in self._data:
            self.seconds = time.monotonic() - self._began
            self._data.clear()
            self.first.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.close()


if __name__ == "__main__":
    main()
