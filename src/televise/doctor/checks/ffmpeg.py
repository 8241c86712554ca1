"""FFmpeg inside the package ``av``: its version, known holes, and whether every encoder works.

It is asked in a process of its own: the hub's process has no codecs, and an `av` that does not load
or crashes is a finding too.
"""

import asyncio
import json
import re
import sys
from collections.abc import Iterable

from televise.doctor.finding import Finding, note, ok, wrong

NAME = "ffmpeg"
# Which version mended what; and what keeps it away from us until then.
HOLES = (
    (
        (8, 1, 3),
        "two holes in reading HLS (CVE-2026-107697: a playlist reads local files; an endless loop)",
        "televise opens no playlists, so nothing reaches them",
    ),
)
# Before that, more is known than can be listed here.
OLDEST = (7, 1)


async def examine() -> list[Finding]:
    """What the worker's side can do."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "televise.media.abilities"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await process.communicate()
    if process.returncode:
        last = (complaint.decode(errors="replace").strip().splitlines() or ["it crashed"])[-1]
        return [wrong(f"av cannot be used: {last}", "pip install --force-reinstall av")]
    abilities = json.loads(said)
    return [*of_version(abilities["ffmpeg"]), *of_encoders(abilities["encoders"])]


def of_version(text: str) -> list[Finding]:
    """What is known of this version of FFmpeg."""
    version = tuple(map(int, re.findall(r"\d+", text)[:3]))
    if version < OLDEST:
        return [wrong(f"FFmpeg {text} has known holes", "pip install --upgrade av")]
    known = [
        note(f"FFmpeg {text} has {hole}; {guard}", "pip install --upgrade av, once it has a newer")
        for mended, hole, guard in HOLES
        if version < mended
    ]
    return known or [ok(f"FFmpeg {text}, no holes that are known here")]


def of_encoders(failures: dict[str, str]) -> list[Finding]:
    """``failures``: each encoder, and why it does not work, or nothing."""
    broken = {name: reason for name, reason in failures.items() if reason}
    if not broken:
        return [ok(f"encoders: {', '.join(failures)}")]
    return list(_broken(broken.items()))


def _broken(encoders: Iterable[tuple[str, str]]) -> Iterable[Finding]:
    for name, reason in encoders:
        yield wrong(
            f"the encoder for {name} does not work: {reason}",
            "pip install --force-reinstall av simplejpeg pillow",
        )
