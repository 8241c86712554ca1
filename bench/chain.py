"""Four hubs in a row, each a process: ingress, intermediate, intermediate, edge.

They are started in all 24 orders: how long after the last start a client at the edge has a picture
(goal: 5 s). Then Chromium watches the edge while each of them in turn is killed (SIGKILL) and
started again at once: how long until a picture moves that was made after the kill (goal: a GOP of
2 s, and 1 s), without a reload, with no picture twice and none broken. On a machine that does other
things too a process takes long to start: so times count from the first answer of the last one too.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Page, async_playwright

from bench.hub import free_port

ROLES = ("ingress", "intermediate", "second intermediate", "edge")
SOURCE = "cam=pattern:?size=640x360&fps=30"
READER = Path(__file__).parent.parent / "tests/browser/support/barcode.js"
SPACING_SECONDS = 0.3
PATIENCE_SECONDS = 30.0
CALM_SECONDS = 3.0

# Notes each picture that is shown: the milliseconds of the day in its stamp; -1 where the stamp
# cannot be read. A picture without a size is none: the player has just begun anew.
WITNESS = """
(() => {
  const player = document.querySelector("tele-vision");
  window.seen = [];
  let last = null;
  const look = () => {
    requestAnimationFrame(look);
    const shown = player.picture;
    // A <video> has its size before it has a picture.
    if (shown && shown.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const width = shown && (shown.videoWidth || shown.width);
    if (!width) return;
    const height = shown.videoHeight || shown.height;
    const read = () => readBarcode(shown, width, height);
    // A <video> may go on to the next picture between the two lines that are read.
    const stamp = read() ?? read() ?? read();
    const made = stamp ? stamp.milliseconds : -1;
    if (made !== last) window.seen.push([made, Date.now()]);
    last = made;
  };
  look();
})()
"""


class Row:
    """Four hubs on ports of their own, which stay the same when they are started again."""

    def __init__(self) -> None:
        self.ports = [free_port() for _ in ROLES]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, place: int) -> None:
        """Start one; it is not waited for."""
        what = [SOURCE] if place == 0 else ["--upstream", f"ws://127.0.0.1:{self.ports[place - 1]}"]
        port = ["--port", str(self.ports[place]), "--rtmp", "off"]
        command = [sys.executable, "-m", "televise", "serve", *port, *what]
        self._processes[place] = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self, place: int) -> None:
        """SIGKILL, to one of them or to one after another."""
        process = self._processes.pop(place)
        process.kill()
        process.wait()

    @contextlib.contextmanager
    def running(self, order: Sequence[int]) -> Iterator[float]:
        """All of them, started in this order; gives out when the last one was (Unix)."""
        try:
            for place in order:
                time.sleep(SPACING_SECONDS)
                self.start(place)
            yield time.time()
        finally:
            for place in list(self._processes):
                self.kill(place)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=24)
    parser.add_argument("--kills", type=int, default=1, help="how often each of them is killed")
    options = parser.parse_args()
    orders = list(itertools.permutations(range(len(ROLES))))[: options.orders]
    result: dict[str, Any] = {}
    if orders:
        took = [asyncio.run(_plays(order)) for order in orders]
        result["orders"] = len(took)
        for each in ("start", "answer"):
            seconds = sorted(one[f"after_{each}"] for one in took)
            result[f"playing_after_{each}_median"] = seconds[len(seconds) // 2]
            result[f"playing_after_{each}_most"] = seconds[-1]
    if options.kills:
        result["killed"] = asyncio.run(_kill_each(options.kills))
    print(json.dumps(result))


async def _plays(order: Sequence[int]) -> dict[str, float]:
    """Seconds from the last start to a whole picture at the edge, and from when all answer."""
    row = Row()
    with row.running(order) as started:
        answers = asyncio.gather(*map(_first_answer, row.ports))
        await _first_picture(row.ports[-1])
        return _since(time.time(), started, max(await answers))


def _since(now: float, started: float, answered: float) -> dict[str, float]:
    return {"after_start": round(now - started, 2), "after_answer": round(now - answered, 2)}


async def _first_answer(port: int) -> float:
    """When something answers there (Unix seconds)."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{port}/healthz"):
                    return time.time()
            await asyncio.sleep(0.01)


async def _first_picture(port: int) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with contextlib.suppress(aiohttp.ClientError, asyncio.IncompleteReadError):
                async with session.get(f"http://127.0.0.1:{port}/cam.mjpg") as answer:
                    if answer.status == 200 and await answer.content.readuntil(b"\xff\xd9"):
                        return
            await asyncio.sleep(0.05)


async def _kill_each(times: int) -> dict[str, Any]:
    row = Row()
    program = shutil.which("chromium")
    with row.running((0, 1, 2, 3)):
        await _first_picture(row.ports[-1])
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox"]
            )
            page = await browser.new_page()
            await page.goto(f"http://127.0.0.1:{row.ports[-1]}/cam")
            await page.evaluate(
                f"() => {{ {READER.read_text()}; window.readBarcode = readBarcode }}"
            )
            await page.evaluate(WITNESS)
            await _moves(page, time.time())
            result: dict[str, Any] = {
                role: [await _kill(row, place, page) for _ in range(times)]
                for place, role in enumerate(ROLES)
            }
            result |= _verdict(await page.evaluate("window.seen"))
            await browser.close()
    return result


async def _kill(row: Row, place: int, page: Page) -> dict[str, float]:
    """Seconds from the new start to a moving picture that was made since, and from its answer."""
    await asyncio.sleep(CALM_SECONDS)
    row.kill(place)
    killed = time.time()
    row.start(place)
    answer = asyncio.create_task(_first_answer(row.ports[place]))
    return _since(await _moves(page, killed), killed, await answer)


async def _moves(page: Page, since: float) -> float:
    """Wait for two pictures that were made after Unix time ``since``; when the first was seen."""
    day = since * 1000 % 86_400_000
    fresh = f"window.seen.filter(([made]) => made > {day})"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await page.evaluate(f"{fresh}.length") < 2:  # noqa: ASYNC110 - it is in a browser
            await asyncio.sleep(0.05)
    shown: float = await page.evaluate(f"{fresh}[0][1]")
    return shown / 1000


def _verdict(seen: list[tuple[int, int]]) -> dict[str, int]:
    """What was wrong with the pictures. ``seen`` would be lost by a reload."""
    made = [each for each, _ in seen if each >= 0]
    again = sum(later <= earlier for earlier, later in itertools.pairwise(made))
    return {"pictures": len(made), "shown_again": again, "broken": len(seen) - len(made)}


if __name__ == "__main__":
    main()
