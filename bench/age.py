"""How old the picture is that a browser shows: source stamp to pixels, read back from a canvas.

The test pattern carries the time of its drawing; a page in headless Chromium reads it from the
shown picture, and compares it with its own clock, which is the same machine's. Goals at 30 pictures
a second: MJPEG one frame interval + 30 ms, fragmented MP4 150 ms (95th percentile); a late joiner's
first picture after 400 ms. GIF, at 10 a second, is photographed, in Firefox too: 200 ms.
"""

import argparse
import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from bench import gif_age
from bench.hub import serving

HERE = Path(__file__).parent
READER = HERE.parent / "tests/browser/support/barcode.js"

# Reads each newly shown picture once, for as long as asked.
SAMPLER = """
async ({rung, seconds}) => {
  const player = document.querySelector("tele-vision");
  const picture = () => player.shadowRoot.querySelector(rung === "mse" ? "video" : "canvas, img");
  const ages = [], numbers = [];
  const end = performance.now() + seconds * 1000;
  let last = -1;
  const day = 86400000;
  while (performance.now() < end) {
    await new Promise(requestAnimationFrame);
    const shown = picture();
    if (!shown) continue;
    const stamp = readBarcode(shown, shown.videoWidth || shown.naturalWidth || shown.width,
                              shown.videoHeight || shown.naturalHeight || shown.height);
    if (!stamp || stamp.number === last) continue;
    last = stamp.number;
    numbers.push(stamp.number);
    ages.push(((Date.now() % day) - stamp.milliseconds + day) % day);
  }
  return {ages, numbers};
}
"""

# From the moment at which the element is put on a page to its first picture.
JOINER = """
async ({src, rung}) => {
  const began = performance.now();
  const player = document.createElement("tele-vision");
  player.setAttribute("src", src);
  player.setAttribute("rung", rung);
  document.body.prepend(player);
  while (true) {
    await new Promise(requestAnimationFrame);
    const shown = player.shadowRoot?.querySelector(rung === "mse" ? "video" : "canvas, img");
    const width = shown && (shown.videoWidth || shown.naturalWidth || shown.width);
    const height = shown && (shown.videoHeight || shown.naturalHeight || shown.height);
    if (width && readBarcode(shown, width, height)) break;
  }
  const took = performance.now() - began;
  player.remove();
  return took;
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--size", default="1280x720")
    options = parser.parse_args()
    print(json.dumps(asyncio.run(_measure(options.seconds, options.size))))


async def _measure(seconds: float, size: str) -> dict[str, Any]:
    program = shutil.which("chromium")
    with serving(f"cam=pattern:?size={size}&fps=30") as hub:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox"]
            )
            result: dict[str, Any] = {"size": size}
            for rung in ("mjpeg", "mse", "webcodecs", "jsmpeg"):
                page = await browser.new_page()
                result[rung] = await _ages(page, hub.url, rung, seconds)
                result[rung]["join_ms"] = await _joins(page, hub.url, rung)
                await page.close()
            await browser.close()
    return result | {"gif": await gif_age.measure(seconds)}


async def _ages(page: Page, url: str, rung: str, seconds: float) -> dict[str, Any]:
    """The player alone on a page, as wide as the picture."""
    await page.goto(f"{url}/cam")
    # Not as a script tag, which the page's Content-Security-Policy forbids.
    await page.evaluate(f"() => {{ {READER.read_text()}; window.readBarcode = readBarcode; }}")
    await page.evaluate(
        "rung => document.querySelector('tele-vision').setAttribute('rung', rung)", rung
    )
    await page.wait_for_timeout(3000)
    sampled = await page.evaluate(SAMPLER, {"rung": rung, "seconds": seconds})
    ages = sorted(sampled["ages"])
    if len(ages) < seconds * 10:
        raise SystemExit(f"{rung}: only {len(ages)} pictures were seen")
    return {
        "pictures_per_second": round(len(ages) / seconds, 1),
        "age_ms_median": round(ages[len(ages) // 2]),
        "age_ms_p95": round(ages[len(ages) * 95 // 100]),
    }


async def _joins(page: Page, url: str, rung: str) -> list[int]:
    return [round(await page.evaluate(JOINER, {"src": "/cam", "rung": rung})) for _ in range(5)]


if __name__ == "__main__":
    main()
