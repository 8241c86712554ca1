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
import time
from bisect import bisect_left
from contextlib import suppress

from bench.hub import Hub, serving
from bench.join import SOURCE, Joining

SOON_SECONDS, LATER_SECONDS = (0.125, 0.375), (0.25, 3.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=500)
    print(json.dumps(asyncio.run(_measure(parser.parse_args().viewers))))


async def _measure(viewers: int) -> dict[str, float]:
    with serving(SOURCE) as hub:
        crowd = [Returning(hub.port) for _ in range(viewers)]
        watching = [asyncio.create_task(one.watch()) for one in crowd]
        await asyncio.gather(*(one.sees.wait() for one in crowd))
        hub.process.send_signal(signal.SIGKILL)
    back = await asyncio.to_thread(_back_after_a_while, hub, crowd)
    for task in watching:
        task.cancel()
    return {"viewers": viewers} | back


def _back_after_a_while(hub: Hub, crowd: list["Returning"]) -> dict[str, float]:
    began = time.monotonic()
    with serving(SOURCE, port=hub.port) as again:
        answered = began + again.start_seconds
        while not all(one.comes > 1 and one.sees.is_set() for one in crowd):
            time.sleep(0.01)
    handshakes = sorted(one.connected for one in crowd)
    return {
        "start_seconds": round(again.start_seconds, 2),
        "most_in_a_second": max(
            bisect_left(handshakes, at + 1.0) - number for number, at in enumerate(handshakes)
        ),
        "last_back_seconds": round(max(one.seen for one in crowd) - answered, 2),
    }


class Returning:
    """One who comes again whenever it is sent away; times are of the last time it came."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.sees = asyncio.Event()
        self.comes = 0
        self.connected = self.seen = 0.0

    async def watch(self) -> None:
        while True:
            with suppress(OSError):
                await self._watch_once()
            span = SOON_SECONDS if self.sees.is_set() else LATER_SECONDS
            await asyncio.sleep(random.uniform(*span))
            self.sees.clear()

    async def _watch_once(self) -> None:
        joining = Joining(self._port)
        await joining.connect()
        self.comes, self.connected = self.comes + 1, time.monotonic()
        seen = asyncio.create_task(joining.first.wait())
        lost = asyncio.create_task(joining.lost.wait())
        await asyncio.wait((seen, lost), return_when=asyncio.FIRST_COMPLETED)
        if joining.first.is_set():
            self.seen = time.monotonic()
            self.sees.set()
        await lost
        seen.cancel()


if __name__ == "__main__":
    main()
