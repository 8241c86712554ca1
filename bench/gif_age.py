"""How old the picture of a GIF in an ``<img>`` is, by screenshots: no script reads its pixels.

A screenshot takes its time: each age is told for when the browser had answered, so it is never too
low. Goal at 10 pictures a second: 1.5 frame intervals + 50 ms = 200 ms (95th percentile).
"""

import asyncio
import io
import time

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.hub import serving
from televise.testing import read_barcode
from tests.browser.support import Browser, Page

SETTLING_SECONDS = 2.0
DAY_MILLISECONDS = 86_400_000
# The image alone, at the top left of the page.
SHOW = """(() => {
  document.body.style.margin = "0";
  document.body.replaceChildren(Object.assign(new Image(), {src: "/cam.gif?fps=10"}));
  return true;
})()"""


async def measure(browser: Browser, seconds: float) -> dict[str, float]:
    """Ages in this browser, in milliseconds."""
    with serving("cam=pattern:?size=640x360&fps=30") as hub:
        return await _ages(await browser.open(f"{hub.url}/cam"), seconds)


async def _ages(page: Page, seconds: float) -> dict[str, float]:
    await page.evaluate(SHOW)
    await page.until("document.querySelector('img').naturalWidth > 0")
    size = await page.evaluate(
        "[document.querySelector('img').naturalWidth, document.querySelector('img').naturalHeight]"
    )
    await asyncio.sleep(SETTLING_SECONDS)
    ages, numbers, end = [], set(), time.monotonic() + seconds
    while time.monotonic() < end:
        screenshot = await page.screenshot()
        now = time.time() * 1000
        stamp = read_barcode(_top_left(screenshot, *size))
        ages.append((now - stamp.milliseconds) % DAY_MILLISECONDS)
        numbers.add(stamp.number)
    ages.sort()
    return {
        "screenshots_per_second": round(len(ages) / seconds, 1),
        "pictures_per_second": round(len(numbers) / seconds, 1),
        "age_ms_median": round(ages[len(ages) // 2]),
        "age_ms_p95": round(ages[len(ages) * 95 // 100]),
    }


def _top_left(png: bytes, width: int, height: int) -> NDArray[np.uint8]:
    """Luma of the image."""
    with Image.open(io.BytesIO(png)) as screenshot:
        return np.asarray(screenshot.convert("L"))[:height, :width]
