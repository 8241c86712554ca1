"""What an edge that hangs (SIGSTOP) does to the pictures of two others, over WebSocket and NATS.

A hub with a source and three edges, each a process; MJPEG of 1280x720, 30 pictures a second. The
age of each picture is taken where it leaves the two healthy edges, before and while the third one
hangs. Goal: the 99th percentile grows by less than 20 ms. That the third one was held up is
checked: at the hub packets wait for it, or the NATS server has sent it away.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp

from bench.hub import Hub, serving
from bench.nats_server import PROGRAM, nats_server
from bench.taking import take
from televise.model.packet import Packet

SOURCE = "cam=pattern:?size=1280x720&fps=30"
RENDITION = {"video": "mjpeg", "q": 90}
CALM_SECONDS = 3.0
PATIENCE_SECONDS = 40.0
Ages = list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--server", default=PROGRAM, help="the NATS server")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(serving(SOURCE))
        where = ["--upstream", source.url.replace("http", "ws")]
        print(json.dumps({"websocket": _over(where, source, options.seconds, _waits)}), flush=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(nats_server(options.server, folder))
        source = stack.enter_context(serving(SOURCE, "--bus", server.url))

        async def cut(source: Hub) -> bool:
            return "Slow Consumer" in (folder / "log").read_text()

        where = ["--bus", server.url]
        print(json.dumps({"nats": _over(where, source, options.seconds, cut)}))


def _over(
    where: list[str], source: Hub, seconds: float, held_up: Callable[[Hub], Any]
) -> dict[str, Any]:
    with _edges(where) as edges:
        return asyncio.run(_measure(source, edges, seconds, held_up))


@contextlib.contextmanager
def _edges(where: list[str]) -> Iterator[list[Hub]]:
    with contextlib.ExitStack() as stack:
        # One has a channel of its own, as it would not start without any.
        arguments = ["own=publish:", "--rtmp", "off", *where]
        yield [stack.enter_context(serving(*arguments)) for _ in range(3)]


async def _measure(
    source: Hub, edges: list[Hub], seconds: float, held_up: Callable[[Hub], Any]
) -> dict[str, Any]:
    *healthy, frozen = edges
    ages: Ages = []
    async with aiohttp.ClientSession() as session:
        takers = [
            asyncio.create_task(take(session, hub, RENDITION, _noting(into)))
            for hub, into in [*((hub, ages) for hub in healthy), (frozen, Ages())]
        ]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(ages) < 30 * len(healthy):  # noqa: ASYNC110 - it is looked at, not told
                await asyncio.sleep(0.1)
        before = await _p99(ages, seconds)
        frozen.process.send_signal(signal.SIGSTOP)
        try:
            during = await _p99(ages, 2 * seconds)
            hung = bool(await held_up(source))
        finally:
            frozen.process.send_signal(signal.SIGCONT)
        for taker in takers:
            taker.cancel()
        await asyncio.gather(*takers, return_exceptions=True)
    grown = round(during - before, 1)
    return {"age_ms_p99": before, "beside_one_that_hangs": during, "more": grown, "hung": hung}


async def _p99(ages: Ages, seconds: float) -> float:
    await asyncio.sleep(CALM_SECONDS)
    ages.clear()
    await asyncio.sleep(seconds)
    found = sorted(ages)
    return round(found[len(found) * 99 // 100], 1)


async def _waits(source: Hub) -> bool:
    """Whether packets wait at the hub for one that takes them, or it was sent away."""
    async with aiohttp.ClientSession() as session, session.get(f"{source.url}/api/topology") as got:
        links = (await got.json())["links"]
    waiting = [each["offered"] - each["delivered"] - each["skipped"] for each in links]
    return max(waiting) > 30 or len(links) < 3


def _noting(ages: Ages) -> Callable[[Packet], None]:
    return lambda packet: ages.append((time.time_ns() - packet.captured) / 1e6)


if __name__ == "__main__":
    main()
