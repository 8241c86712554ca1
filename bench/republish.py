"""How soon viewers know that a publisher has died, and have a picture again when it is back.

ffmpeg publishes a test picture into a hub, over RTMP and as MPEG-TS over HTTP, and is killed
(SIGKILL); three seconds later it is started again. A viewer stays connected all the time, as a page
is (`televise.v1`). Seconds: from the kill until it is told, and from the new start of ffmpeg, with
all that this takes, until it gets a picture. Goals: 1 and 2 s, without connecting anew.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from bench.hub import Hub, free_port, serving
from televise.web.trust.keys import Grant, Keys

AWAY_SECONDS = 3.0
CHUNK, OFFLINE, LIVE = (f'"{each}"' for each in ("chunk", "offline", "live"))
PATIENCE_SECONDS = 20.0
SOURCE = ["-re", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25"]
ENCODER = ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", "25"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder:
        keys, rtmp = Keys(Path(folder) / "key"), free_port()
        token = keys.sign(Grant("cam", "publish"), 3600)
        options = ["--rtmp", str(rtmp), "--key-file", f"{folder}/key"]
        for way in ("rtmp", "ts"):
            with serving("cam=publish:", *options) as hub:
                target = {
                    "rtmp": ["-f", "flv", f"rtmp://127.0.0.1:{rtmp}/live/cam?token={token}"],
                    "ts": ["-f", "mpegts", f"{hub.url}/cam.ts?token={token}"],
                }[way]
                command = ["ffmpeg", "-v", "quiet", "-nostdin", *SOURCE, *ENCODER, *target]
                print(json.dumps({"way": way, **asyncio.run(_measure(hub, command, times))}))


async def _measure(hub: Hub, command: list[str], times: int) -> dict[str, Any]:
    told, back = [], []
    publisher = await asyncio.create_subprocess_exec(*command)
    try:
        async with aiohttp.ClientSession() as session:
            viewer = await session.ws_connect(f"{hub.url}/cam.mp4", protocols=["televise.v1"])
            await _hears(viewer, CHUNK)
            for _ in range(times):
                publisher.kill()
                await publisher.wait()
                told.append(await _hears(viewer, OFFLINE))
                # The last picture is shown meanwhile, dimmed.
                reading = asyncio.create_task(_hears(viewer, LIVE, CHUNK))
                await asyncio.sleep(AWAY_SECONDS)
                began = time.monotonic()
                publisher = await asyncio.create_subprocess_exec(*command)
                await reading
                back.append(time.monotonic() - began)
    finally:
        publisher.kill()
        await publisher.wait()
    result: dict[str, Any] = {"times": times}
    for name, seconds in (("told", told), ("back", back)):
        result[f"{name}_median"] = round(statistics.median(seconds), 2)
        result[f"{name}_most"] = round(max(seconds), 2)
    return result


async def _hears(viewer: aiohttp.ClientWebSocketResponse, *wanted: str) -> float:
    """How long it takes until texts have said all this, one after another. An error where the
    server closes the connection."""
    began = time.monotonic()
    async with asyncio.timeout(PATIENCE_SECONDS):
        for part in wanted:
            while part not in await _text(viewer):
                pass
    return time.monotonic() - began


async def _text(viewer: aiohttp.ClientWebSocketResponse) -> str:
    while (message := await viewer.receive()).type != aiohttp.WSMsgType.TEXT:
        if message.type != aiohttp.WSMsgType.BINARY:
            raise SystemExit(f"the viewer was sent away: {message}")
    return str(message.data)


if __name__ == "__main__":
    main()
