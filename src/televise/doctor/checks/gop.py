"""How far keyframes are apart: who joins, or has fallen behind, begins at one."""

import asyncio
import json
from dataclasses import dataclass

import aiohttp

from televise.doctor.finding import Finding, note, ok, wrong
from televise.doctor.patient import ANSWER_SECONDS, Patient

NAME = "gop"
LONG_SECONDS = 4.0
_FIX = (
    "two seconds are good: in the camera's menu the I-frame interval or GOP is twice its frame "
    "rate; in OBS the keyframe interval is 2 s; for ffmpeg -g 60 at 30 pictures a second"
)


async def examine(patient: Patient) -> list[Finding]:
    """The pictures of each channel, as MP4 has them."""
    found = await asyncio.gather(*(_of(patient, name) for name in patient.live))
    return [finding for finding in found if finding]


async def _of(patient: Patient, name: str) -> Finding | None:
    try:
        async with asyncio.timeout(ANSWER_SECONDS + LONG_SECONDS):
            async with patient.socket(f"/{name}.mp4") as websocket:
                return _verdict(name, await _measure(websocket))
    except (aiohttp.ClientError, TimeoutError):
        return None  # other checks say why


@dataclass(frozen=True)
class Gap:
    """So many seconds of pictures from a keyframe, and whether the next one ended them."""

    seconds: float
    ended: bool


async def _measure(websocket: aiohttp.ClientWebSocketResponse) -> Gap | None:
    """From the first keyframe to the next, if that comes soon. None where there are no pictures."""
    began: float | None = None
    async for message in websocket:
        said = json.loads(message.data) if message.type == aiohttp.WSMsgType.TEXT else {}
        if said.get("type") == "init":
            began = None  # what was before cannot be compared
        if said.get("type") != "chunk" or said["track"] != "video":
            continue
        if began is None:
            began = said["pts"] if said["keyframe"] else None
        elif said["keyframe"] or said["pts"] - began > LONG_SECONDS:
            return Gap(said["pts"] - began, said["keyframe"])
    return None


def _verdict(name: str, gap: Gap | None) -> Finding | None:
    if gap is None:
        return note(f"{name}: no H.264 to look at")
    if gap.seconds <= LONG_SECONDS:
        return ok(f"{name}: a keyframe after {gap.seconds:.1f} s")
    return wrong(f"{name}: more than {LONG_SECONDS:g} s without a keyframe", _FIX)
