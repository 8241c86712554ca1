"""What NATS adds to the age of a picture, and what a hub that hangs does to the others.

Two hubs in this process, NATS between them: the time of each packet from the log of one to that
of the other. A film of 1280x720, 30 pictures a second, 4 Mbit/s; goal: median 4 ms. A third hub
then takes eight channels and is stopped (SIGSTOP), while the second goes on.
"""

import argparse
import asyncio
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bench.hub import Hub, free_port
from bench.hub import serving as hub_process
from televise.hub.channel import Channel
from televise.hub.muxed import Chunk
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.source import parse_source
from televise.model.track import Track
from televise.server import Server
from televise.settings import Settings

CONFIG = """
max_payload: 1MB
write_deadline: "2s"
"""
SINCE_2_11 = "no_fast_producer_stall: true\nmax_pending: 8MB\n"
CHANNELS = 8
H264 = Rendition("h264", "aac")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", type=Path, help="any film of some seconds; it is encoded anew")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--server", default=str(Path(sys.executable).parent / "nats-server"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film = _encode(options.film, Path(folder, "film.mp4"))
        with _nats(options.server, Path(folder)) as (url, version):
            result = asyncio.run(_measure(url, film, options.seconds))
        cut = "Slow Consumer" in Path(folder, "log").read_text()
    print(json.dumps({"nats_server": version, **result, "cut_by_the_server": cut}))


async def _measure(url: str, film: Path, seconds: float) -> dict[str, Any]:
    names = [f"c{number}" for number in range(CHANNELS)]
    async with (
        _hub(url, [f"{name}={film}" for name in names]) as source,
        _hub(url, ["own=publish:"]) as edge,
    ):
        pairs = [_Pair(source, edge, name) for name in names[:1]]
        alone = await _added(pairs, seconds)
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
    return {"one_channel": alone, "eight_channels": before, "beside_a_hub_that_hangs": during}


class _Pair:
    """One channel at both hubs."""

    def __init__(self, source: Server, edge: Server, name: str) -> None:
        self.sent = _Arrivals(source.hub.channel(name))
        self.came = _Arrivals(edge.hub.channel(name))

    def added(self) -> list[float]:
        """Milliseconds of each packet since the last call."""
        sent, came = self.sent.take(), self.came.take()
        return [(came[key] - sent[key]) / 1e6 for key in came if key in sent]


class _Arrivals:
    """When each packet came, in nanoseconds."""

    def __init__(self, channel: Channel) -> None:
        self._times: dict[tuple[int, int], int] = {}
        channel.acquire(H264).muxed(self._begin)

    def _begin(self, epoch: int, tracks: tuple[Track, ...]) -> "_Arrivals":
        return self

    def mux(self, packet: Packet) -> Chunk:
        self._times[packet.epoch, packet.sequence] = time.perf_counter_ns()
        return Chunk(b"", b"", packet.keyframe, packet.seconds)

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
        await asyncio.sleep(2.0)  # until they know each other
        yield server
    finally:
        await server.close()


@contextmanager
def _nats(program: str, folder: Path) -> Iterator[tuple[str, str]]:
    """A NATS server: its URL, and its version."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = said.stdout.rpartition("v")[2].strip()
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    config, port = Path(folder, "nats.conf"), free_port()
    config.write_text(CONFIG + (SINCE_2_11 if numbers >= (2, 11) else ""))
    where = ["-c", str(config), "-a", "127.0.0.1", "-p", str(port), "-l", str(folder / "log")]
    with ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen([program, *where]))
        stack.callback(process.terminate)
        time.sleep(1.0)
        yield f"nats://127.0.0.1:{port}", version


def _encode(film: Path, target: Path) -> Path:
    """A minute of it, with a keyframe every two seconds."""
    size = ["-vf", "scale=1280:720,fps=30", "-t", "60"]
    codec = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "4M", "-maxrate", "4M"]
    shape = ["-bufsize", "4M", "-bf", "0", "-g", "60", "-pix_fmt", "yuv420p", "-an"]
    command = ["ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", str(film)]
    subprocess.run([*command, *size, *codec, *shape, str(target)], check=True)
    return target


if __name__ == "__main__":
    main()
