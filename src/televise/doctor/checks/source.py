"""Whether each channel has pictures, and what it costs to make them fit for browsers."""

import asyncio
from typing import Any

from televise.doctor.finding import Finding, note, ok, wrong
from televise.doctor.patient import Patient

NAME = "source"
PICTURE_SECONDS = 20.0
# What is to be done where there is no picture, by how the source begins.
_FIXES = {
    "publish:": "publish something: televise token {name} prints the addresses",
    "frames:": "start the program that shows frames",
    "device:": "is it plugged in, and may this user open it? ls -l /dev/video*",
    "screen:": "is there a display? echo $DISPLAY",
}
_FIX = "try the source where the hub runs: ffprobe SOURCE; the hub's log says more"
_FIX_DELIVERY = "let the source send H.264 without B-frames, and AAC: that passes untouched"


async def examine(patient: Patient) -> list[Finding]:
    """Each channel is opened for this; the other checks look at those that are live."""
    names = [str(each["name"]) for each in patient.channels]
    found = await asyncio.gather(*(_channel(patient, name) for name in names))
    return [finding for findings in found for finding in findings]


async def _channel(patient: Patient, name: str) -> list[Finding]:
    status = await _picture(patient, name)
    async with patient.get(f"/api/channels/{name}") as answer:
        channel = await answer.json()
    if status != 200 or channel["state"] in ("offline", "stalled", "connecting"):
        return [_without(channel)]
    patient.live.append(name)
    return [ok(f"{name} has pictures ({channel['source']})"), *_costs(channel)]


async def _picture(patient: Patient, name: str) -> int:
    """The status of the answer to who wants a picture."""
    try:
        async with asyncio.timeout(PICTURE_SECONDS), patient.get(f"/{name}.jpg", w="64") as answer:
            await answer.read()
            return answer.status
    except TimeoutError:
        return 504


def _without(channel: dict[str, Any]) -> Finding:
    name, shown = channel["name"], channel["source"]
    fix = next((fix for kind, fix in _FIXES.items() if shown.startswith(kind)), _FIX)
    reason = channel["text"] or "no picture in time"
    return wrong(f"{name} ({shown}) is {channel['state']}: {reason}", fix.format(name=name))


def _costs(channel: dict[str, Any]) -> list[Finding]:
    """What must be encoded anew, though a network's source could send it as browsers want it."""
    if "://" not in channel["source"]:
        return []
    return [
        note(
            f"{channel['name']}: its {track['kind']} is encoded anew: {track['reason']}",
            _FIX_DELIVERY,
        )
        for track in channel["tracks"]
        if track["delivery"] == "transcode"
    ]
