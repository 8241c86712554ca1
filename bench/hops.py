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
Key = tuple[int, int]  # epoch and sequence
Arrivals = dict[Key, float]


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
    arrivals: list[Arrivals] = [{} for _ in chain]
    sizes: dict[Key, int] = {}
    async with aiohttp.ClientSession() as session:
        takers = [
            asyncio.create_task(take(session, hub, RENDITION, _noting(arrived, sizes)))
            for hub, arrived in zip(chain, arrivals, strict=True)
        ]
        await _all_have_come(arrivals)
        await asyncio.sleep(CALM_SECONDS)
        for arrived in arrivals:
            arrived.clear()
        # The last one, which gives to one: the client. The others give to the next hub too.
        used = chain[-1].cpu_seconds()
        await asyncio.sleep(seconds)
        used = chain[-1].cpu_seconds() - used
        left_the_first = set(arrivals[0])
        await asyncio.sleep(CALM_SECONDS)  # until those on their way have come to the end
        for taker in takers:
            taker.cancel()
        await asyncio.gather(*takers, return_exceptions=True)
    return {
        "hops": len(chain) - 1,
        "packets": len(left_the_first),
        "lost": len(left_the_first - arrivals[-1].keys()),
        "mbit_per_second": round(
            sum(sizes[packet] for packet in left_the_first) * 8 / seconds / 1e6, 2
        ),
        **_delays(arrivals),
        "cpu_percent_per_hop": round(used / seconds * 100, 2),
    }


def _delays(arrivals: list[Arrivals]) -> dict[str, float]:
    """Of all packets over each hop."""
    delays = [
        (later[packet] - earlier[packet]) * 1000
        for earlier, later in pairwise(arrivals)
        for packet in earlier.keys() & later.keys()
    ]
    percent = statistics.quantiles(delays, n=100)
    return {
        "delay_per_hop_ms_p50": round(percent[49], 2),
        "delay_per_hop_ms_p99": round(percent[98], 2),
    }


async def _all_have_come(arrivals: list[Arrivals]) -> None:
    end = time.monotonic() + 60
    while not all(arrivals):
        if time.monotonic() > end:
            raise SystemExit("the film does not arrive everywhere")
        await asyncio.sleep(0.1)


def _noting(arrived: Arrivals, sizes: dict[Key, int]) -> Callable[[Packet], None]:
    def note(packet: Packet) -> None:
        key = packet.epoch, packet.sequence
        arrived[key], sizes[key] = time.monotonic(), len(packet.data)

    return note


if __name__ == "__main__":
    main()
