"""Publishers of every kind are watched in Chromium, killed, and back under the eyes of viewers."""

import asyncio
import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.browser.support import BROWSERS, Browser, Page
from tests.browser.watching import PLAYER
from tests.conftest import Needs
from tests.formats.rtmp_publisher import flv_tags, obs
from tests.ingest.publishers import BLUE, RED, SIZE, X264, Hub, named, publishable, publisher
from tests.media.films import make
from tests.support.waiting import until

WAYS = ("ts", "rtmp", "mjpg", "obs")
COLOUR = f"""(() => {{
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  if (!{PLAYER}.picture) return null;
  context.drawImage({PLAYER}.picture, 8, 8, 1, 1, 0, 0, 1, 1);
  return Array.from(context.getImageData(0, 0, 1, 1).data);
}})()"""


def session(folder: Path, colour: str, token: str) -> bytes:
    """A minute of what OBS sends, in its order, chunk streams and kinds of header."""
    rgb = bytes({"red": RED, "blue": BLUE}[colour]).hex()
    plain = f"color=0x{rgb}:s={SIZE[0]}x{SIZE[1]}:r=25:d=60"
    film = make(folder / f"{colour}.flv", "-f", "lavfi", "-i", plain, "-pix_fmt", "yuv420p", *X264)
    return obs(f"obs?token={token}", flv_tags(film.read_bytes()))


REPLAY = """
import socket, sys, time
data = open(sys.argv[2], "rb").read()
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
    for start in range(0, len(data), len(data) // 1500):
        connection.sendall(data[start : start + len(data) // 1500])
        time.sleep(0.04)
"""


@contextlib.contextmanager
def publishing(
    hub: Hub, way: str, colour: str, folder: Path
) -> "Iterator[subprocess.Popen[bytes]]":
    """Somebody who publishes channel ``way``, until killed."""
    port = hub.tv.server.rtmp_port
    if way == "obs":
        recorded = folder / f"{colour}.session"
        recorded.write_bytes(session(folder, colour, hub.token(way)))
        with subprocess.Popen(["python3", "-c", REPLAY, str(port), str(recorded)]) as process:
            try:
                yield process
            finally:
                process.kill()
        return
    token = hub.token(way)
    rtmp = f"rtmp://127.0.0.1:{port}/live/rtmp?token={token}"
    url = rtmp if way == "rtmp" else hub.url(f"/{way}.{way}", token)
    with publisher(url, colour) as process:
        yield process


async def shows(page: Page, colour: str) -> None:
    """Wait until the page shows it."""
    for _ in range(400):
        if named((await page.evaluate(COLOUR) or [0, 0, 0])[:3]) == colour:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not {colour}: {await page.evaluate(COLOUR)}")


async def killed_and_back(browser: Browser, hub: Hub, way: str, folder: Path) -> None:
    with publishing(hub, way, "red", folder) as first:
        page = await browser.open(f"http://{hub.tv.authority}/{way}")
        await page.evaluate("(() => { window.untouched = true; })()")
        await shows(page, "red")
        before = await page.evaluate(f"{PLAYER}.stats")
        first.send_signal(signal.SIGKILL)
        first.wait()
    await until(lambda: hub.tv.channel(way).state == "offline")
    await hub.is_free(way)
    with publishing(hub, way, "blue", folder):
        await shows(page, "blue")
    after = await page.evaluate(f"{PLAYER}.stats")
    assert (after["reconnects"], after["rung"]) == (0, before["rung"])
    assert await page.evaluate("untouched") is True


async def test_killed_and_back_without_a_reconnection(tmp_path: Path, needs: Needs) -> None:
    needs("ffmpeg")
    spellings, start = BROWSERS["chromium"]
    channels = [f"{way}=publish:" for way in WAYS]
    async with (
        publishable(tmp_path, *channels, rtmp_port=0) as hub,
        start(needs(*spellings)) as browser,
    ):
        for way in WAYS:
            await killed_and_back(browser, hub, way, tmp_path)
