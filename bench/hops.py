"""What a hop between hubs costs: added delay and processor time, for a film of 4 Mbit/s in a chain.

A client takes the same packets from every hub of a chain, and notes when each arrives; what comes
later at one than at the one before is that hop's delay. Goals for 1280x720 at 30 pictures a second:
3 ms (median) and 15 ms (99th percentile) per hop, 2 % of a core per hop; six hops play.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp

from bench.film import make_film
from bench.hub import Hub, serving
from bench.taking import take
from televise.model.packet import Packet

# As browsers take it: the film's own pictures, and its sound.
RENDITION = {"video": "h264", "audio": "aac"}
CALM_SECONDS = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hops", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as hubs:
        film = Path(folder, "film.mp4")
        make_film(film)
        chain = [hubs.enter_context(serving(f"cam={film}"))]
        for _ in range(options.hops):
            upstream = f"ws://127.0.0.1:{chain[-1].port}"
            chain.append(hubs.enter_context(serving("--upstream", upstream)))
        print(json.dumps(asyncio.run(_measure(chain, options.seconds))))


async def _measure(chain: list[Hub], seconds: float) -> dict[str, Any]:
    arrivals: list[dict[tuple[int, int], float]] = [{} for _ in chain]
    sizes: dict[tuple[int, int], int] = {}
    async with aiohttp.ClientSession() as session:
        takers = [
            asyncio.create_task(take(session, hub, RENDITION, _noting(arrived, sizes)))
            for hub, arrived in zip(chain, arrivals, strict=True)
        ]
        await _all_have_come(arrivals)
        await asyncio.sleep(CALM_SECONDS)
        for arrived in arrivals:
            arrived.clear()
        sizes.clear()
        before = [hub.cpu_seconds() for hub in chain]
        await asyncio.sleep(seconds)
        used = [hub.cpu_seconds() - then for hub, then in zip(chain, before, strict=True)]
        for taker in takers:
            taker.cancel()
        await asyncio.gather(*takers, return_exceptions=True)
    delays = [
        (later[packet] - earlier[packet]) * 1000
        for earlier, later in pairwise(arrivals)
        for packet in earlier
        if packet in later
    ]
    percent = statistics.quantiles(delays, n=100)
    return {
        "hops": len(chain) - 1,
        "packets": len(arrivals[0]),
        "packets_at_the_end": len(arrivals[-1]),
        "mbit_per_second": round(sum(sizes.values()) * 8 / seconds / 1e6, 2),
        "delay_per_hop_ms_p50": round(percent[49], 2),
        "delay_per_hop_ms_p99": round(percent[98], 2),
        # Of the last one, which gives to one: the client. The others give to the next hub too.
        "cpu_percent_per_hop": round(used[-1] / seconds * 100, 2),
    }


async def _all_have_come(arrivals: list[dict[tuple[int, int], float]]) -> None:
    end = time.monotonic() + 60
    while not all(arrivals):
        if time.monotonic() > end:
            raise SystemExit("the film does not arrive everywhere")
        await asyncio.sleep(0.1)


def _noting(
    arrived: dict[tuple[int, int], float], sizes: dict[tuple[int, int], int]
) -> Callable[[Packet], None]:
    def note(packet: Packet) -> None:
        key = packet.epoch, packet.sequence
        arrived[key], sizes[key] = time.monotonic(), len(packet.data)

    return note


if __name__ == "__main__":
    main()
