"""Whether something on the way holds pictures back until it has more of them.

Small pictures are asked for, two a second, each with the time of its capture. Where those that were
captured one after another arrive together, or none arrives at all, they were held back.
"""

import asyncio
import time
from dataclasses import dataclass
from itertools import pairwise

import aiohttp

from televise.doctor.finding import Finding, note, ok, wrong
from televise.doctor.patient import THUMBNAIL, Patient

NAME = "buffering"
PICTURES = 7
# The first may take so long: its source may have to be opened.
LIMIT_SECONDS = 20.0
# Captured so far apart, and arrived so close together; an accident happens once, not twice.
APART_SECONDS, TOGETHER_SECONDS, TWICE = 0.3, 0.05, 2
_FIX = (
    "nginx: proxy_buffering off, and no proxy_ignore_headers X-Accel-Buffering (deploy/nginx); "
    "Caddy: flush_interval -1 (deploy/caddy); others: let them pass each piece on at once"
)


@dataclass(frozen=True)
class Arrival:
    """When a picture was captured, by the hub's clock, and when it came, by ours."""

    captured: float
    came: float


async def examine(patient: Patient) -> list[Finding]:
    """The pictures of one channel, by HTTP."""
    arrivals: list[Arrival] = []
    if not patient.live:
        return []
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            async with patient.get(f"/{patient.name}.mjpg", **THUMBNAIL) as answer:
                if answer.status != 200:
                    return [note(f"no pictures to look at ({answer.status})")]
                await _receive(answer.content, arrivals)
    except TimeoutError:
        pass
    return [await verdict(patient, arrivals)]


async def verdict(patient: Patient, arrivals: list[Arrival]) -> Finding:
    """What the times say."""
    if len(arrivals) < PICTURES and await _has_picture(patient):
        return wrong(
            f"{patient.between} holds pictures back: {len(arrivals)} came in {LIMIT_SECONDS:g} s",
            _FIX,
        )
    if are_bursts(arrivals):
        return wrong(f"{patient.between} holds pictures back: they come in bursts", _FIX)
    return ok("pictures come one by one") if arrivals else note("no pictures to look at")


def are_bursts(arrivals: list[Arrival]) -> bool:
    """Whether pictures came together that were captured one after another."""
    together = [
        later.captured - earlier.captured > APART_SECONDS
        and later.came - earlier.came < TOGETHER_SECONDS
        for earlier, later in pairwise(arrivals)
    ]
    return sum(together) >= TWICE


async def _receive(content: aiohttp.StreamReader, arrivals: list[Arrival]) -> None:
    """Of each part its headers, and its picture whole; see formats/multipart.py."""
    captured, size = 0.0, 0
    while len(arrivals) < PICTURES and (line := await content.readline()):
        name, _, value = line.decode("latin-1").strip().partition(": ")
        if name == "X-Timestamp":
            captured = float(value)
        elif name == "Content-Length":
            size = int(value)
        elif not name and size:
            await content.readexactly(size)
            arrivals.append(Arrival(captured, time.monotonic()))
            size = 0


async def _has_picture(patient: Patient) -> bool:
    async with patient.get(f"/{patient.name}.jpg", w="64") as answer:
        return answer.status == 200
