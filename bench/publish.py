"""How old the picture is that a browser shows of what somebody publishes: stamp to pixels.

One hub draws the test pattern, which carries the time of its drawing; ffmpeg takes that as MJPEG,
encodes it as H.264 and publishes it into another hub, over RTMP and as MPEG-TS over HTTP; a page in
headless Chromium reads the stamp from what the player shows. So ffmpeg's own time is in it: it is
shown beside the age of the same pattern in the first hub, which has the same encoder.
"""

import argparse
import asyncio
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.age import ages
from bench.hub import Hub, free_port, serving
from televise.web.trust.keys import Grant, Keys
from tests.browser.support import Browser, Chromium

FPS = 30
# As docs/topics/publishing.md tells users of OBS.
ENCODER = ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", str(FPS)]
RUNG = "mse"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--size", default="1280x720")
    options = parser.parse_args()
    print(json.dumps(asyncio.run(_measure(options.seconds, options.size))))


async def _measure(seconds: float, size: str) -> dict[str, Any]:
    result: dict[str, Any] = {"size": size}
    with serving(f"cam=pattern:?size={size}&fps={FPS}") as origin:
        program = shutil.which("chromium")
        assert program, "Chromium is not here"
        async with Chromium(program) as browser:
            result["direct"] = await _watch(browser, origin, seconds)
            for way in ("rtmp", "ts"):
                with _published(origin, way) as hub:
                    result[way] = await _watch(browser, hub, seconds)
    return result


async def _watch(browser: Browser, hub: Hub, seconds: float) -> dict[str, Any]:
    page = await browser.open(f"{hub.url}/cam")
    found = await ages(page, RUNG, seconds)
    await page.close()
    return found


@contextmanager
def _published(origin: Hub, way: str) -> Iterator[Hub]:
    """A hub into which ffmpeg publishes what ``origin`` shows."""
    rtmp = free_port()
    with tempfile.TemporaryDirectory() as folder:
        keys = Keys(Path(folder) / "key")
        token = keys.sign(Grant("cam", "publish"), 3600)
        options = ["--rtmp", str(rtmp), "--key-file", f"{folder}/key"]
        with serving("cam=publish:", *options) as hub:
            target = {
                "rtmp": ["-f", "flv", f"rtmp://127.0.0.1:{rtmp}/live/cam?token={token}"],
                "ts": ["-f", "mpegts", f"{hub.url}/cam.ts?token={token}"],
            }[way]
            source = ["-fflags", "nobuffer", "-use_wallclock_as_timestamps", "1",
                      "-f", "mpjpeg", "-i", f"{origin.url}/cam.mjpg"]  # fmt: skip
            exact = ["-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-flush_packets", "1"]
            command = ["ffmpeg", "-v", "error", "-nostdin", "-fpsprobesize", "0", *source,
                       *ENCODER, *exact, *target]  # fmt: skip
            with subprocess.Popen(command) as publisher:
                try:
                    yield hub
                finally:
                    publisher.kill()


if __name__ == "__main__":
    main()
