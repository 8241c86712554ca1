"""How old the picture is that a browser shows: source stamp to pixels, read back from a canvas.

The test pattern carries the time of its drawing; a page in Chromium, and one in Firefox, reads it
from the shown picture, and compares it with its own clock, which is the same machine's. Goals at 30
pictures a second: webcodecs and jsmpeg 100 ms, MJPEG one frame interval + 30 ms, MSE 150 ms, GIF at
10 a second 200 ms (95th percentile); a late joiner's first picture after 400 ms; 2 s after the
server and its worker were stopped for half a minute, 300 ms. A GIF in an ``<img>`` is photographed.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

from bench import gif_age
from bench.hub import Hub, serving
from tests.browser.support import BROWSERS, Browser, Page

HERE = Path(__file__).parent
READER = (HERE.parent / "tests/browser/support/barcode.js").read_text()
RUNGS = ("webcodecs", "mse", "jsmpeg", "mjpeg", "gif")
# Pictures a second without which there is nothing to be measured.
LEAST, LEAST_OF_GIF = 10, 5
JOINS = 5
SETTLING_SECONDS = 3.0
RESUMED_SECONDS = 2.0

# What a player shows, if that can be read.
STAMP = f"""
{READER}
const stampOf = (player) => {{
  const shown = player.picture;
  const width = shown && (shown.videoWidth || shown.width);
  const height = shown && (shown.videoHeight || shown.height);
  return width ? readBarcode(shown, width, height) : null;
}};
"""
# Reads each newly shown picture once, for as long as asked.
SAMPLER = f"""(async (seconds) => {{
  {STAMP}
  const player = document.querySelector("tele-vision");
  const ages = [], day = 86400000;
  const end = performance.now() + seconds * 1000;
  let last = -1;
  while (performance.now() < end) {{
    await new Promise(requestAnimationFrame);
    const stamp = stampOf(player);
    if (!stamp || stamp.number === last) continue;
    last = stamp.number;
    ages.push(((Date.now() % day) - stamp.milliseconds + day) % day);
  }}
  return ages;
}})"""
# From the moment at which the element is put on a page to its first picture.
JOINER = f"""(async (rung) => {{
  {STAMP}
  const began = performance.now();
  const player = document.createElement("tele-vision");
  player.setAttribute("src", "/cam");
  player.setAttribute("rung", rung);
  document.body.prepend(player);
  while (!stampOf(player)) await new Promise(requestAnimationFrame);
  const took = performance.now() - began;
  player.remove();
  return took;
}})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--paused", type=float, default=30.0, help="seconds")
    parser.add_argument("--browser", choices=BROWSERS, help="this one only")
    parser.add_argument("--rung", choices=RUNGS, action="append", help="this one only")
    options = parser.parse_args()
    for name, (spellings, start) in BROWSERS.items():
        program = next(filter(None, map(shutil.which, spellings)), None)
        if program and options.browser in (None, name):
            measured = asyncio.run(_measure(start(program), options))
            print(json.dumps({"browser": name} | measured), flush=True)


async def _measure(browser: Browser, options: argparse.Namespace) -> dict[str, Any]:
    result: dict[str, Any] = {"size": options.size, "paused": options.paused}
    with serving(f"cam=pattern:?size={options.size}&fps=30") as hub:
        async with browser:
            for rung in options.rung or RUNGS:
                page = await browser.open(f"{hub.url}/cam")
                result[rung] = await ages(page, rung, options.seconds)
                result[rung]["resumed"] = await _after_pause(page, hub, options.paused)
                result[rung]["join_ms"] = await _joins(page, rung)
                await page.close()
            if not options.rung:
                result["img"] = await gif_age.measure(browser, options.seconds)
    return result


async def ages(page: Page, rung: str, seconds: float) -> dict[str, Any]:
    """The age of the pictures of this player, which has its own page and this rung."""
    await page.evaluate(f"document.querySelector('tele-vision').setAttribute('rung', '{rung}')")
    await asyncio.sleep(SETTLING_SECONDS)
    found = await _sample(page, seconds)
    if len(found) < seconds * (LEAST_OF_GIF if rung == "gif" else LEAST):
        raise SystemExit(f"{rung}: only {len(found)} pictures were seen")
    return {
        "pictures_per_second": round(len(found) / seconds, 1),
        "age_ms_median": round(found[len(found) // 2]),
        "age_ms_p95": round(found[len(found) * 95 // 100]),
    }


async def _after_pause(page: Page, hub: Hub, seconds: float) -> dict[str, int]:
    """Ages in one second, when the server and its worker were stopped and are back for a while."""
    processes = hub.processes
    for sent in (signal.SIGSTOP, signal.SIGCONT):
        for process in processes:
            os.kill(process, sent)
        await asyncio.sleep(seconds if sent is signal.SIGSTOP else RESUMED_SECONDS)
    found = await _sample(page, 1.0)
    return {"pictures": len(found), "age_ms_max": round(max(found, default=-1))}


async def _sample(page: Page, seconds: float) -> list[float]:
    """Ages in milliseconds, sorted."""
    return sorted(await page.evaluate(f"{SAMPLER}({seconds})"))


async def _joins(page: Page, rung: str) -> list[int]:
    return [round(await page.evaluate(f"{JOINER}('{rung}')")) for _ in range(JOINS)]


if __name__ == "__main__":
    main()
