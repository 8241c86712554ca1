"""Whether anything grows while viewers come and go: an hour of it, or as long as is asked for.

One source, and a crowd over every output: some stay, five a second come and go, some read too
slowly, and every minute the source's worker is killed. Once in ten seconds the server's memory,
descriptors and tasks are read, and the age of what a viewer that stays has just got. After the
warm-up a line is fitted to the memory. Prints JSON and draws ``docs/images/soak.svg``.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import matplotlib as mpl
import numpy as np

from bench.hub import Hub, serving
from bench.sections.fanout import IMAGES

SOURCE = "cam=pattern:?size=320x180&fps=15&tone=440"
SOCKETS = ("/cam.mp4", "/cam.mjpg", "/cam.gif", "/cam.ts", "/cam.m1v", "/cam.flv")
STREAMS = ("/cam.mp4", "/cam.mjpg", "/cam.gif", "/cam.ts")
STAYING, SLOW, CHURN_PER_SECOND = 12, 4, 5.0
SAMPLE_SECONDS, KILL_SECONDS = 10.0, 60.0
# This part of the time memory may grow: caches fill, allocators find their size.
WARM_UP = 0.5


@dataclass
class Soak:
    """What has been seen so far; times in seconds, memory in bytes, ages in milliseconds."""

    hub: Hub
    session: aiohttp.ClientSession
    samples: list[dict[str, float]] = field(default_factory=list)
    joined: int = 0
    failed: int = 0
    kills: int = 0
    age: float = 0.0
    crowd: set[asyncio.Task[None]] = field(default_factory=set)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args()
    with serving(SOURCE) as hub:
        soak = asyncio.run(_soak(hub, options.minutes * 60))
    _plot(soak, IMAGES / "soak.svg")
    print(json.dumps(_summary(soak)))


async def _soak(hub: Hub, seconds: float) -> Soak:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        soak = Soak(hub, session)
        before = await _sample(soak, 0.0)
        jobs = [_churn(soak), _kill(soak), _told(soak)]
        jobs += [_stay(soak, SOCKETS[number % len(SOCKETS)]) for number in range(STAYING)]
        jobs += [_slow(soak) for _ in range(SLOW)]
        tasks = [asyncio.create_task(job) for job in jobs]
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            await asyncio.sleep(min(SAMPLE_SECONDS, seconds / 20))
            soak.samples.append(await _sample(soak, time.monotonic() - began))
        for task in (*tasks, *soak.crowd):
            task.cancel()
        await asyncio.gather(*tasks, *soak.crowd, return_exceptions=True)
        await asyncio.sleep(15.0)  # the source has lingered, the sockets are closed
        soak.samples.append(await _sample(soak, -1.0))
        soak.samples.insert(0, before)
    return soak


async def _sample(soak: Soak, at: float) -> dict[str, float]:
    async with soak.session.get(f"{soak.hub.url}/metrics") as answer:
        text = await answer.text()
    tasks = next(line for line in text.splitlines() if line.startswith("televise_tasks "))
    return {
        "seconds": at,
        "resident": soak.hub.resident_bytes(),
        "descriptors": soak.hub.descriptors(),
        "tasks": float(tasks.split()[1]),
        "age_ms": soak.age,
    }


async def _churn(soak: Soak) -> None:
    """Viewers that come, stay for a moment, and go in the middle of whatever is sent."""
    while True:
        await asyncio.sleep(random.expovariate(CHURN_PER_SECOND))
        task = asyncio.create_task(_visit(soak, random.uniform(0.1, 3.0)))
        soak.crowd.add(task)
        task.add_done_callback(soak.crowd.discard)


async def _visit(soak: Soak, seconds: float) -> None:
    soak.joined += 1
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            try:
                if random.random() < 0.5:
                    await _watch(soak, random.choice(SOCKETS))
                else:
                    await _read(soak, random.choice(STREAMS))
            except aiohttp.ClientError:
                soak.failed += 1


async def _stay(soak: Soak, path: str) -> None:
    """A viewer that comes again whenever it is sent away."""
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            await _watch(soak, path)
        await asyncio.sleep(0.5)


async def _watch(soak: Soak, path: str) -> None:
    async with soak.session.ws_connect(f"{soak.hub.url}{path}", max_msg_size=0) as socket:
        async for _ in socket:
            pass


async def _read(soak: Soak, path: str) -> None:
    async with soak.session.get(f"{soak.hub.url}{path}") as answer:
        answer.raise_for_status()
        async for _ in answer.content.iter_any():
            pass


async def _slow(soak: Soak) -> None:
    """A viewer that takes a few kilobytes a second."""
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            async with soak.session.get(f"{soak.hub.url}/cam.mjpg") as answer:
                async for _ in answer.content.iter_chunked(2048):
                    await asyncio.sleep(0.5)
        await asyncio.sleep(0.5)


async def _told(soak: Soak) -> None:
    """A viewer that is told when each picture was taken, and notes how old it is."""
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            async with soak.session.ws_connect(
                f"{soak.hub.url}/cam.mjpg", protocols=["televise.v1"], max_msg_size=0
            ) as socket:
                async for message in socket:
                    if message.type == aiohttp.WSMsgType.TEXT:
                        _note_age(soak, json.loads(message.data))
        await asyncio.sleep(0.5)


def _note_age(soak: Soak, told: dict[str, Any]) -> None:
    if told.get("type") == "chunk":
        soak.age = time.time() * 1000 - float(told["captured"])


async def _kill(soak: Soak) -> None:
    """End the source's worker, again and again."""
    while True:
        await asyncio.sleep(KILL_SECONDS)
        for pid in soak.hub.processes[1:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                soak.kills += 1


def _summary(soak: Soak) -> dict[str, Any]:
    before, *during, after = soak.samples
    warm = during[int(len(during) * WARM_UP) :]
    hours = [sample["seconds"] / 3600 for sample in warm]
    slope, _ = np.polyfit(hours, [sample["resident"] / 1e6 for sample in warm], 1)
    ages = [sample["age_ms"] for sample in warm]
    half = len(ages) // 2
    return {
        "minutes": round(during[-1]["seconds"] / 60, 1),
        "joined": soak.joined,
        "failed": soak.failed,
        "kills": soak.kills,
        "megabytes_per_hour": round(float(slope), 2),
        "resident_mb": round(warm[-1]["resident"] / 1e6, 1),
        "descriptors": [before["descriptors"], after["descriptors"]],
        "tasks": [before["tasks"], after["tasks"]],
        "age_drift_ms": round(float(np.median(ages[half:]) - np.median(ages[:half])), 1),
    }


def _plot(soak: Soak, path: Path) -> None:
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "televise"
    during = soak.samples[1:-1]
    minutes = [sample["seconds"] / 60 for sample in during]
    figure, axes = plt.subplots(4, 1, sharex=True, figsize=(8, 8))
    for one, (name, unit) in zip(
        axes,
        (("resident", "MB"), ("descriptors", ""), ("tasks", ""), ("age_ms", "ms")),
        strict=True,
    ):
        scale = 1e6 if name == "resident" else 1.0
        one.plot(minutes, [sample[name] / scale for sample in during])
        one.set_ylabel(f"{name.removesuffix('_ms')} {unit}".strip())
        one.set_ylim(bottom=0)
    axes[-1].set_xlabel("minutes")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
