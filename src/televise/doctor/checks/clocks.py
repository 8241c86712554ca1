"""How far the hub's clock and ours are apart."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from televise.doctor.finding import Finding, note, ok, wrong
from televise.doctor.patient import ANSWER_SECONDS, THUMBNAIL, Patient
from televise.hub.relays.clock import Clock

NAME = "clocks"
EXCHANGES = 4
# Keys bear so much.
WRONG_SECONDS = 60.0
NOTED_SECONDS = 1.0
_FIX = "timedatectl set-ntp true, on whichever of the two is wrong"


async def examine(patient: Patient) -> list[Finding]:
    """Asked as players do; of several exchanges the quickest counts."""
    clock = Clock()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            async with patient.socket(f"/{patient.name}.mjpg", **THUMBNAIL) as websocket:
                for _ in range(EXCHANGES):
                    await _exchange(websocket, clock)
    except (aiohttp.ClientError, TimeoutError):
        pass  # the check of WebSockets says why
    return [] if clock.delay_seconds is None else [of_offset(clock.offset / 1e9)]


async def _exchange(websocket: aiohttp.ClientWebSocketResponse, clock: Clock) -> None:
    asked = time.time_ns()
    await websocket.send_json({"type": "clock", "client": asked})
    async for said in _texts(websocket):
        if said["type"] == "clock":
            clock.answered(asked, round(said["server"] * 1e6), time.time_ns())
            return


async def _texts(websocket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[dict[str, Any]]:
    async for message in websocket:
        if message.type == aiohttp.WSMsgType.TEXT:
            yield json.loads(message.data)


def of_offset(seconds: float) -> Finding:
    """By so much our clock is later."""
    apart = f"this machine's clock and the hub's are {abs(seconds):.1f} s apart"
    if abs(seconds) > WRONG_SECONDS:
        return wrong(f"{apart}: keys begin and end at the wrong time", _FIX)
    if abs(seconds) > NOTED_SECONDS:
        return note(f"{apart}; players allow for it", _FIX)
    return ok("the hub's clock and ours agree")
