"""What each rung of the player costs the server, and how soon the next one follows a failure.

One pattern of 1280x720 at 30 pictures a second, with a tone. Plain clients take the streams as the
player does: one rung at a time, then all five together, then 200 viewers spread over them, who must
not make the encoders work more. Processor time is in per cent of one core. Then Chromium: seconds
from the failure of a rung to two pictures of another; the goal is 4.
"""

import argparse
import asyncio
import base64
import json
import os
import selectors
import shutil
import socket
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.hub import TICKS, Hub, serving
from tests.browser.support import BROWSERS, Browser, Page
from tests.browser.support.proxy import Proxy
from tests.browser.watching import PLAYER, READER

SOURCE = "cam=pattern:?size=1280x720&fps=30&tone=440"
PATHS = {
    "webcodecs": "/cam.mp4",
    "mse": "/cam.mp4",
    "jsmpeg": "/cam.ts",
    "mjpeg": "/cam.mjpg",
    "gif": "/cam.gif",
}
SETTLING_SECONDS = 4.0
Fault = Callable[[Page, Proxy, str], Awaitable[None]]
PIECE = 2**20

NEVER = "() => { throw new Error('blocked') }"
BLOCK = {
    "webcodecs": f"VideoDecoder.prototype.decode = {NEVER}",
    "mse": f"SourceBuffer.prototype.appendBuffer = {NEVER}",
    "jsmpeg": f"CanvasRenderingContext2D.prototype.putImageData = {NEVER}",
    "mjpeg": "window.createImageBitmap = () => Promise.reject(new Error('blocked'))",
}
# From now to two pictures of another rung.
RECOVERY = f"""(async failed => {{
  {READER}
  const player = {PLAYER};
  const began = performance.now();
  const numbers = new Set();
  while (numbers.size < 2) {{
    await new Promise(requestAnimationFrame);
    const {{ picture, stats: {{ rung, width, height }} }} = player;
    if (rung === failed || !width) continue;
    numbers.add(readBarcode(picture, width, height)?.number);
    numbers.delete(undefined);
  }}
  return [player.stats.rung, (performance.now() - began) / 1000];
}})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--browser", choices=BROWSERS, help="this one only, and no costs")
    options = parser.parse_args()
    if not options.browser:
        print(json.dumps(_costs(options.seconds, options.viewers)), flush=True)
    for name, (spellings, start) in BROWSERS.items():
        program = next(filter(None, map(shutil.which, spellings)), None)
        if program and options.browser in (None, name):
            found = asyncio.run(_recoveries(start(program)))
            print(json.dumps({"browser": name} | found), flush=True)


def _costs(seconds: float, viewers: int) -> dict[str, Any]:
    everything = list(PATHS)
    crowd = everything * (viewers // len(everything))
    groups = {**{rung: [rung] for rung in everything}, "all five": everything}
    groups[f"{len(crowd)} viewers"] = crowd
    return {name: _cost(rungs, seconds) for name, rungs in groups.items()}


def _cost(rungs: Sequence[str], seconds: float) -> dict[str, Any]:
    """With these viewers: processor time of the server and of its worker, and what is encoded."""
    with serving(SOURCE) as hub, _watching(hub, [PATHS[rung] for rung in rungs]) as received:
        time.sleep(SETTLING_SECONDS)
        processes = hub.processes
        before, bytes_before = [_cpu_seconds(pid) for pid in processes], received[0]
        time.sleep(seconds)
        spent = [_cpu_seconds(pid) - was for pid, was in zip(processes, before, strict=True)]
        percent = [round(100 * each / seconds, 1) for each in spent]
        return {
            "hub": percent[0],
            "worker": sum(percent[1:]),
            "megabits_per_second": round((received[0] - bytes_before) * 8e-6 / seconds, 1),
            "encodings": _encodings(hub),
        }


def _encodings(hub: Hub) -> dict[str, int]:
    """Each with the number of those who watch it."""
    with urllib.request.urlopen(f"{hub.url}/api/channels/cam") as answer:
        renditions = json.load(answer)["renditions"]
    return {each["video"]: each["users"] for each in renditions}


@contextmanager
def _watching(hub: Hub, paths: Sequence[str]) -> Iterator[list[int]]:
    """Viewers that throw away what they get; yields the number of bytes so far."""
    received, over = [0], threading.Event()
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for path in paths:
            viewer = stack.enter_context(socket.create_connection(("127.0.0.1", hub.port)))
            viewer.sendall(_request(hub.port, path))
            selector.register(viewer, selectors.EVENT_READ)
        reader = threading.Thread(target=_discard, args=(selector, received, over))
        reader.start()
        try:
            yield received
        finally:
            over.set()
            reader.join()


def _discard(selector: selectors.BaseSelector, received: list[int], over: threading.Event) -> None:
    # tcp(7): with MSG_TRUNC the bytes are thrown away, and not copied.
    unused = bytearray(PIECE)
    while not over.is_set():
        for key, _ in selector.select(0.1):
            count = key.fileobj.recv_into(unused, PIECE, socket.MSG_TRUNC)  # type: ignore[union-attr]
            if not count:
                raise SystemExit("the server has sent a viewer away")
            received[0] += count


def _request(port: int, path: str) -> bytes:
    """As the player asks: a WebSocket, or for a GIF an image."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    if not path.endswith(".gif"):
        key = base64.b64encode(os.urandom(16)).decode()
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Protocol: televise.v1"]
    return "\r\n".join([*lines, "", ""]).encode()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def _recoveries(browser: Browser) -> dict[str, Any]:
    """By what went wrong and on which rung: the rung that followed, and after how many seconds."""
    result: dict[str, Any] = {}
    async with Proxy().running() as proxy, browser:
        with serving(SOURCE.replace("1280x720", "640x360"), "--origin", proxy.url) as hub:
            proxy.server_port = hub.port
            for fault in (_block, _cut, _stall):
                for latency in ("low", "smooth"):
                    page = await browser.open(f"{proxy.url}/cam")
                    await _set_latency(page, latency)
                    name = f"{fault.__name__.strip('_')}, latency={latency}"
                    result[name] = await _walk_down(page, proxy, fault)
                    await page.close()
                    proxy.mend()
    return result


async def _walk_down(page: Page, proxy: Proxy, fault: Fault) -> dict[str, Any]:
    """Break one rung after the other."""
    found = {}
    rung = await _playing(page)
    # What decodes a GIF cannot be refused alone.
    while rung in PATHS and (rung in BLOCK or fault is not _block):
        recovery = asyncio.create_task(page.evaluate(f"{RECOVERY}('{rung}')"))
        await fault(page, proxy, rung)
        following, seconds = await recovery
        found[f"{rung} to {following}"] = round(seconds, 1)
        rung = await _playing(page)
    return found


async def _playing(page: Page) -> str:
    """The rung, once it has shown pictures for a while."""
    await asyncio.sleep(1.5)
    rung: str = await page.evaluate(f"{PLAYER}.stats.rung")
    return rung


async def _set_latency(page: Page, latency: str) -> None:
    await page.evaluate(f"{PLAYER}.setAttribute('latency', '{latency}')")
    await page.until(f"{PLAYER}.stats?.fps > 10")


async def _block(page: Page, _: Proxy, rung: str) -> None:
    """The browser refuses to decode, from now on."""
    await page.evaluate(f"(() => {{ {BLOCK[rung]}; }})()")


async def _cut(_: Page, proxy: Proxy, rung: str) -> None:
    """The stream is cut, and cannot be had again."""
    proxy.cut(PATHS[rung])


async def _stall(_: Page, proxy: Proxy, rung: str) -> None:
    """Nothing arrives on the open connection any more."""
    proxy.stall(PATHS[rung])
    proxy.mend()


if __name__ == "__main__":
    main()
