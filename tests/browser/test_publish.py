"""A page that publishes what a camera gives: MediaRecorder over a WebSocket, and who watches it."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from tests.browser.support import BROWSERS
from tests.conftest import Needs
from tests.ingest.publishers import Hub, publishable
from tests.support.mp4 import parse_fragment
from tests.support.waiting import until

FPS = 20
# Chromium's own camera, which needs no hardware and asks nobody: a clock that turns, and beeps.
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PUBLISH = """
async ({url, mimeType, fps}) => {
  const wanted = {video: {width: 320, height: 240, frameRate: fps}, audio: true};
  const stream = await navigator.mediaDevices.getUserMedia(wanted);
  const socket = new WebSocket(url);
  const recorder = new MediaRecorder(stream, {mimeType, videoKeyFrameIntervalDuration: 1000});
  window.publishing = {closed: null, track: stream.getVideoTracks()[0]};
  socket.onclose = event => {
    window.publishing.closed = [event.code, event.reason];
    recorder.stop();
  };
  recorder.ondataavailable = event => event.data.size && socket.send(event.data);
  await new Promise((opened, failed) => { socket.onopen = opened; socket.onerror = failed; });
  recorder.start(100);
}
"""
DELIVERED = "publishing.track.stats.deliveredFrames"
SECONDS, TIMESCALE = 4, 90_000
RECORDED = {"webm": "video/webm;codecs=vp8,opus", "mp4": "video/mp4"}


@contextlib.asynccontextmanager
async def camera_page(hub: Hub, needs: Needs) -> AsyncIterator[Page]:
    """A page of the hub's origin, in a browser with a camera."""
    spellings, _ = BROWSERS["chromium"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=needs(*spellings), args=["--no-sandbox", *CAMERA]
        )
        try:
            page = await browser.new_page()
            await page.goto(f"http://{hub.tv.authority}/healthz")
            yield page
        finally:
            await browser.close()


async def publish(page: Page, hub: Hub, way: str, token: str = "") -> None:
    if not await page.evaluate(f"MediaRecorder.isTypeSupported('{RECORDED[way]}')"):
        pytest.skip(f"this Chromium records no {way}")
    url = f"ws://{hub.tv.authority}/cam.{way}?token={token or hub.token()}"
    await page.evaluate(PUBLISH, {"url": url, "mimeType": RECORDED[way], "fps": FPS})


@pytest.mark.parametrize("way", RECORDED)
async def test_what_a_page_records_is_seen_at_its_full_rate(
    tmp_path: Path, needs: Needs, way: str
) -> None:
    async with publishable(tmp_path) as hub, camera_page(hub, needs) as page:
        await publish(page, hub, way)
        await hub.tv.is_live()
        kinds = {each.kind for each in await until(lambda: hub.tv.channel().tracks)}
        assert kinds == {"video", "audio"}
        async with hub.tv.stream_socket("/cam.mp4") as stream:
            times: list[int] = []
            given = await page.evaluate(DELIVERED)
            while not times or times[-1] - times[0] < SECONDS * TIMESCALE:
                fragment = (await stream.frame()).payload
                if fragment[4:8] == b"moof" and (parsed := parse_fragment(fragment)).track == 1:
                    times.append(parsed.decode_time)
            given = await page.evaluate(DELIVERED) - given
        # A busy machine's camera gives fewer than it was asked for; all of them are seen.
        assert given > SECONDS * FPS / 2
        assert len(times) == pytest.approx(given, abs=0.3 * given)
        assert (await hub.shown()).size == (320, 240)
        assert await page.evaluate("publishing.closed") is None


async def test_why_a_page_is_sent_away_is_told_to_it(tmp_path: Path, needs: Needs) -> None:
    async with publishable(tmp_path) as hub, camera_page(hub, needs) as page:
        await publish(page, hub, "webm", "nonsense")
        await page.wait_for_function("publishing.closed")
        assert await page.evaluate("publishing.closed") == [
            1008,
            "this key is not valid here: see televise token",
        ]
