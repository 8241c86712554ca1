"""What NATS adds to the age of a picture, and what a hub that hangs does to the others.

Two hubs in this process, NATS between them: the time of each packet from the log of one to that
of the other. A film of 1280x720, 30 pictures a second, 4 Mbit/s; goal: median 4 ms. The server is
killed and started again; goal: pictures within 3 s. A third hub then takes eight channels and is
stopped (SIGSTOP), while the second goes on.
"""

import argparse
import asyncio
import json
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bench.film import make_film
from bench.hub import Hub, free_port
from bench.hub import serving as hub_process
from bench.nats_server import PROGRAM, NatsServer, nats_server
from televise.hub.channel import Channel
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.source import parse_source
from televise.model.track import Track
from televise.server import Server
from televise.settings import Settings

CHANNELS = 8
H264 = Rendition("h264", "aac")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--server", default=PROGRAM)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder, "film.mp4")
        make_film(film)
        with nats_server(options.server, Path(folder)) as server:
            result = asyncio.run(_measure(server, film, options.seconds))
        cut = "Slow Consumer" in Path(folder, "log").read_text()
    print(json.dumps({"nats_server": server.version, **result, "cut_by_the_server": cut}))


async def _measure(server: NatsServer, film: Path, seconds: float) -> dict[str, Any]:
    url = server.url
    names = [f"c{number}" for number in range(CHANNELS)]
    async with (
        _hub(url, [f"{name}={film}" for name in names]) as source,
        _hub(url, ["own=publish:"]) as edge,
    ):
        known = await _known(edge, names)
        pairs = [_Pair(source, edge, name) for name in names[:1]]
        alone = await _added(pairs, seconds)
        back = await _restart(server, pairs[0])
        with hub_process("own=publish:", "--rtmp", "off", "--bus", url) as frozen:
            pairs += [_Pair(source, edge, name) for name in names[1:]]
            async with aiohttp.ClientSession() as session:
                viewers = [await _view(session, frozen, name) for name in names]
                before = await _added(pairs, seconds)
                frozen.process.send_signal(signal.SIGSTOP)
                during = await _added(pairs, 2 * seconds)
                frozen.process.send_signal(signal.SIGCONT)
                for viewer in viewers:
                    viewer.close()
    named = {"known_after_ms": known, "one_channel": alone, "back_after_restart_seconds": back}
    return named | {"eight_channels": before, "beside_a_hub_that_hangs": during}


class _Pair:
    """One channel at both hubs."""

    def __init__(self, source: Server, edge: Server, name: str) -> None:
        self.sent = _Arrivals(source.hub.channel(name))
        self.came = _Arrivals(edge.hub.channel(name))

    def added(self) -> list[float]:
        """Milliseconds of each packet since the last call."""
        sent, came = self.sent.take(), self.came.take()
        return [(came[key] - sent[key]) / 1e6 for key in came if key in sent]


class _Arrivals(Muxer):
    """When each packet came, in nanoseconds."""

    def __init__(self, channel: Channel) -> None:
        self._times: dict[tuple[int, int], int] = {}
        channel.acquire(H264).muxed(self._begin)

    def _begin(self, epoch: int, tracks: tuple[Track, ...]) -> "_Arrivals":
        return self

    def mux(self, packet: Packet) -> Chunk:
        self._times[packet.epoch, packet.sequence] = time.perf_counter_ns()
        return Chunk(b"", b"", packet.keyframe, packet.seconds)

    @property
    def any(self) -> bool:
        """Whether one has come since they were taken."""
        return bool(self._times)

    def take(self) -> dict[tuple[int, int], int]:
        times, self._times = self._times, {}
        return times


async def _added(pairs: list[_Pair], seconds: float) -> dict[str, float]:
    await asyncio.sleep(3.0)
    for pair in pairs:
        pair.added()
    await asyncio.sleep(seconds)
    added = sorted(each for pair in pairs for each in pair.added())
    return {
        "packets": len(added),
        "added_ms_median": round(added[len(added) // 2], 2),
        "added_ms_p99": round(added[len(added) * 99 // 100], 2),
        "added_ms_most": round(added[-1], 2),
    }


async def _known(edge: Server, names: list[str]) -> float:
    """Milliseconds until a hub that has just been started knows the channels of another."""
    began = time.monotonic()
    while not all(map(edge.hub.has, names)):  # noqa: ASYNC110 - it is looked at, not told
        await asyncio.sleep(0.001)
    return round((time.monotonic() - began) * 1000)


async def _restart(server: NatsServer, pair: _Pair) -> float:
    """Seconds from the start of a server that was killed to the next packet."""
    server.kill()
    await asyncio.sleep(2.0)
    pair.added()
    began = time.monotonic()
    server.start()
    while not pair.came.any:  # noqa: ASYNC110 - it is looked at, not told
        await asyncio.sleep(0.01)
    return round(time.monotonic() - began, 2)


async def _view(session: aiohttp.ClientSession, hub: Hub, name: str) -> aiohttp.ClientResponse:
    """Somebody watches there, so that it crosses."""
    while True:
        answer = await session.get(f"{hub.url}/{name}.mp4")
        if answer.status == 200:
            return answer
        answer.close()
        await asyncio.sleep(0.1)


@asynccontextmanager
async def _hub(url: str, sources: list[str]) -> AsyncIterator[Server]:
    settings = Settings(port=free_port(), bus=url, rtmp_port=-1)
    server = Server([parse_source(source) for source in sources], settings)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


if __name__ == "__main__":
    main()
