"""What a person would see: the player on a page, and the frame number in its picture."""

import asyncio
import contextlib
import io
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from televise.errors import FormatError
from televise.testing import Stamp, read_barcode
from tests.browser.support import Page

READER = (Path(__file__).parent / "support" / "barcode.js").read_text()
PLAYER = "document.querySelector('tele-vision')"
# Evaluated in the page: what the player shows now.
SHOWN = f"""(() => {{
  {READER}
  const shown = {PLAYER}.picture;
  if (!shown) return null;
  return readBarcode(shown, shown.videoWidth || shown.width, shown.videoHeight || shown.height);
}})()"""
PATIENCE_SECONDS = 40


async def shown(page: Page, other_than: Stamp | None = None) -> Stamp:
    """The stamp of the picture that the player shows, as soon as there is another one."""
    known = -1 if other_than is None else other_than.number
    expression = f"(() => {{ const it = {SHOWN}; return it && it.number !== {known} && it; }})()"
    found = await page.until(expression, PATIENCE_SECONDS)
    return Stamp(found["number"], found["milliseconds"])


async def play(page: Page, rung: str) -> None:
    """Wait until pictures come by way of ``rung``."""
    await page.until(f"{PLAYER}.stats?.rung === '{rung}' && {PLAYER}.stats.fps > 1", 40)


async def moves(page: Page) -> None:
    """Wait for two different pictures."""
    await shown(page, other_than=await shown(page))


async def stats(page: Page) -> dict[str, Any]:
    """What the player tells about itself."""
    found: dict[str, Any] = await page.evaluate(f"{PLAYER}.stats")
    return found


async def photographed(page: Page, selector: str, other_than: Stamp | None = None) -> Stamp:
    """The stamp in a screenshot of the element, which needs no JavaScript in the page."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        box = await page.evaluate(
            f"(() => {{ const b = document.querySelector('{selector}').getBoundingClientRect();"
            "return {x: b.x, y: b.y, width: b.width, height: b.height}; })()"
        )
        with contextlib.suppress(FormatError):
            stamp = read_barcode(_cut(await page.screenshot(), box))
            if stamp != other_than:
                return stamp
        await asyncio.sleep(0.05)
    raise AssertionError(f"no new picture in {PATIENCE_SECONDS} s")


def _cut(png: bytes, box: dict[str, float]) -> Any:
    """The pixels of the element, luma."""
    left, top = round(box["x"]), round(box["y"])
    right, bottom = round(box["x"] + box["width"]), round(box["y"] + box["height"])
    image = Image.open(io.BytesIO(png)).convert("L")
    return np.asarray(image)[max(0, top) : bottom, left:right]
