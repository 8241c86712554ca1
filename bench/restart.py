"""Viewers whose server is killed and started again: how many come back in one second, and when the
last has a picture again.

Each waits as the player does: once for about 0.25 s, then for 0.25 to 3 s. Goals: fewer than 400
handshakes a second, and all are back within 5 s from when the server answers again.
"""

import argparse
import asyncio
import json
import random
import signal
import socket
import time
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from bench.hub import serving
from bench.join import Joining
from televise.crowd.viewer import first_of

# Small, and not many pictures: what counts is who comes, and not what they get then.
SOURCE = "cam=pattern:?size=160x120&fps=5"
SOON_SECONDS, LATER_SECONDS = (0.125, 0.375), (0.25, 3.0)
PATIENCE_SECONDS = 60.0
PORTS_OF_CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=500)
    print(json.dumps(asyncio.run(_measure(parser.parse_args().viewers))))


async def _measure(viewers: int) -> dict[str, float]:
    port = _port_of_no_client()
    crowd = [Returning(port) for _ in range(viewers)]
    with serving(SOURCE, port=port) as hub:
        watching = [asyncio.create_task(one.watch()) for one in crowd]
        await _all([one.sees for one in crowd], "have a picture")
        for one in crowd:
            one.was_cut.clear()
        hub.process.send_signal(signal.SIGKILL)
    await _all([one.was_cut for one in crowd], "notice that the server is gone")
    for one in crowd:
        one.handshakes.clear()
    with ExitStack() as stack:
        began = time.monotonic()
        again = await asyncio.to_thread(stack.enter_context, serving(SOURCE, port=port))
        await _all([one.sees for one in crowd], "are back")
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    answered = began + again.start_seconds
    return {
        "viewers": viewers,
        "start_seconds": round(again.start_seconds, 2),
        "most_in_a_second": most_in_a_second([at for one in crowd for at in one.handshakes]),
        "last_back_seconds": round(max(one.seen for one in crowd) - answered, 2),
    }


def most_in_a_second(times: Sequence[float]) -> int:
    """How many of these are within a second, where they are densest."""
    times = sorted(times)
    return max(bisect_left(times, at + 1.0) - number for number, at in enumerate(times))


async def _all(events: Sequence[asyncio.Event], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(event.wait() for event in events))
    except TimeoutError:
        count = sum(event.is_set() for event in events)
        raise SystemExit(f"only {count} of {len(events)} {what}") from None


def _port_of_no_client() -> int:
    """A free port that the kernel gives to no client: one that is connected to while nobody listens
    there could be given that very port, and would be connected to itself."""
    least = int(PORTS_OF_CLIENTS.read_text().split()[0])
    while True:
        port = random.randrange(least // 2, least)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Returning:
    """One who comes again whenever it is sent away. ``handshakes`` are the times of all that it
    made, ``seen`` that of the first picture since the last of them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.sees, self.was_cut = asyncio.Event(), asyncio.Event()
        self.handshakes: list[float] = []
        self.seen = 0.0

    async def watch(self) -> None:
        while True:
            with suppress(OSError):
                await self._watch_once()
            span = SOON_SECONDS if self.sees.is_set() else LATER_SECONDS
            self.sees.clear()
            self.was_cut.set()
            await asyncio.sleep(random.uniform(*span))

    async def _watch_once(self) -> None:
        joining = Joining(self._port)
        await joining.connect()
        self.handshakes.append(time.monotonic())
        try:
            await first_of(joining.first.wait(), joining.lost.wait())
            if joining.first.is_set():
                self.seen = time.monotonic()
                self.sees.set()
            await joining.lost.wait()
        finally:
            joining.leave()


if __name__ == "__main__":
    main()
