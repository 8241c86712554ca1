"""Many sources at once: what they cost while nobody watches, and whether all keep their rate.

Goals, for 20 sources of 640x360 at 15 pictures a second: under 2 % of a core without viewers; with
one viewer each on fragmented MP4, all at their full rate on two cores.
"""

import argparse
import asyncio
import json
import time
from pathlib import Path

import aiohttp

from bench.hub import TICKS, Hub, serving

LINGER_SECONDS = 10.0
FPS = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    names = [f"c{number}" for number in range(options.sources)]
    sources = [f"{name}=pattern:?size=640x360&fps={FPS}" for name in names]
    with serving(*sources) as hub:
        time.sleep(LINGER_SECONDS + 3.0)
        idle = _cpu_percent(hub, lambda: time.sleep(options.seconds), options.seconds)
        rates: list[float] = []
        watching = _cpu_percent(
            hub, lambda: rates.extend(asyncio.run(_watch(hub, names, options.seconds))), 0
        )
    result = {
        "idle_cpu_percent": idle,
        "watched_cpu_percent": watching,
        "pictures_per_second_least": round(min(rates), 2),
        "pictures_per_second_most": round(max(rates), 2),
        "source_pictures_per_second": FPS,
    }
    print(json.dumps(result))


def _cpu_percent(hub: Hub, run: object, seconds: float) -> float:
    """Processor time of hub and workers while ``run`` runs, in percent of a core."""
    assert callable(run)
    began, before = time.monotonic(), _cpu_seconds(hub)
    run()
    elapsed = seconds or time.monotonic() - began
    return round((_cpu_seconds(hub) - before) / elapsed * 100, 2)


def _cpu_seconds(hub: Hub) -> float:
    total = 0.0
    for process in hub.processes:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


async def _watch(hub: Hub, names: list[str], seconds: float) -> list[float]:
    async with aiohttp.ClientSession() as session:
        return await asyncio.gather(*(_rate(session, hub, name, seconds) for name in names))


async def _rate(session: aiohttp.ClientSession, hub: Hub, name: str, seconds: float) -> float:
    """Fragments a second that one viewer gets, once the first have come."""
    async with session.ws_connect(f"{hub.url}/{name}.mp4") as websocket:
        for _ in range(FPS * 2):
            await websocket.receive_bytes()
        began, count = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            await websocket.receive_bytes()
            count += 1
        return count / (time.monotonic() - began)


if __name__ == "__main__":
    main()
