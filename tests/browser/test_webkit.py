"""WebKit, the engine of Safari, as far as WebKitGTK is like it. Only where it is installed."""

import shutil
from collections.abc import AsyncIterator

import pytest

from tests.browser.support import Browser
from tests.browser.support.webkit import WebKit, mini_browser
from tests.browser.watching import PLAYER, moves, play
from tests.support.server import serving

PROGRAMS = ("WebKitWebDriver", "Xvfb")


@pytest.fixture
async def webkit() -> AsyncIterator[Browser]:
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing or not mini_browser():
        pytest.skip(
            "WebKitGTK is not here: apt-get install webkit2gtk-driver xvfb gstreamer1.0-libav"
        )
    async with WebKit(PROGRAMS[0]) as running:
        yield running


@pytest.mark.parametrize("rung", ["mse", "webcodecs", "jsmpeg", "mjpeg", "gif", "image"])
async def test_each_rung_shows_the_channel(webkit: Browser, rung: str) -> None:
    async with serving("cam=pattern:?size=320x240&fps=10&tone=440") as tv:
        page = await webkit.open(f"http://{tv.authority}/cam")
        await page.evaluate(f"{PLAYER}.setAttribute('rung', '{rung}')")
        await play(page, rung)
        await moves(page)
