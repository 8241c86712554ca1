"""What `show` costs a Python program, and what its viewers get while it is busy.

Goals for 1280x720: 0.5 ms while somebody watches, 20 µs while nobody does, and the full frame rate
for a viewer although another thread of the program never rests.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import numpy as np
from numpy.typing import NDArray

from televise import Channel, Server

SIZE = (1280, 720)
FPS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=8.0)
    options = parser.parse_args()
    frames = [_draw(number) for number in range(4)]
    with Server(port=0) as server:
        channel = server.channel("cam", SIZE)
        copy = np.empty_like(frames[0])
        result: dict[str, Any] = {
            "bare_copy": _calls(lambda frame: np.copyto(copy, frame), frames, options.pictures),
            "unwatched_at_once": _calls(channel.show, frames, options.pictures, 0),
            "unwatched": _calls(channel.show, frames, options.pictures),
        }
        with _Viewer(f"{channel.url}.mjpg"):
            _until(lambda: channel.watched)
            result["watched"] = _calls(channel.show, frames, options.pictures)
    result["spinning"] = _spinning(frames, options.seconds)
    print(json.dumps(result))


def _draw(number: int) -> NDArray[np.uint8]:
    """A picture that has edges and slopes, as most have."""
    frame = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    frame[:] = np.linspace(0, 255, SIZE[0], dtype=np.uint8)[:, None]
    frame[200:500, 100 * number : 100 * number + 300] = (250, 120, 20)
    return frame


def _calls(
    call: Callable[[NDArray[np.uint8]], object],
    frames: list[NDArray[np.uint8]],
    count: int,
    pause: float = 1 / FPS,
) -> dict[str, float]:
    """Microseconds that a call takes; the caller does nothing for ``pause`` seconds after each.

    After a pause everything takes longer, as nothing is in the processor's caches: what `show`
    costs is to be seen beside a bare copy of the picture.
    """
    took = []
    for number in range(count):
        frame = frames[number % len(frames)]
        begin = time.perf_counter()
        call(frame)
        took.append((time.perf_counter() - begin) * 1e6)
        time.sleep(pause)
    took.sort()
    return {
        "us_p50": round(statistics.median(took), 1),
        "us_p95": round(took[count * 95 // 100], 1),
    }


def _spinning(frames: list[NDArray[np.uint8]], seconds: float) -> dict[str, float]:
    """Pictures a second that a viewer gets while another thread counts as fast as it can."""
    end = threading.Event()
    with Server(port=0) as server:
        channel = server.channel("cam", SIZE)
        threads = [
            threading.Thread(target=_spin, args=(end,)),
            threading.Thread(target=_show, args=(channel, frames, end)),
        ]
        with _Viewer(f"{channel.url}.mjpg") as viewer:
            for thread in threads:
                thread.start()
            _until(lambda: viewer.count > 0)
            before, began = viewer.count, time.monotonic()
            time.sleep(seconds)
            rate = (viewer.count - before) / (time.monotonic() - began)
            end.set()
        for thread in threads:
            thread.join()
    return {"shown_per_second": FPS, "viewed_per_second": round(rate, 1)}


def _spin(end: threading.Event) -> None:
    number = 0
    while not end.is_set():
        for _ in range(100_000):
            number += 1


def _show(channel: Channel, frames: list[NDArray[np.uint8]], end: threading.Event) -> None:
    number, began = 0, time.monotonic()
    while not end.wait(max(0.0, began + number / FPS - time.monotonic())):
        channel.show(frames[number % len(frames)])
        number += 1


def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


class _Viewer:
    """A WebSocket that counts pictures, in a process of its own."""

    def __init__(self, url: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._count = context.Value("Q", 0)
        self._process = context.Process(target=_view, args=(url, self._count), daemon=True)

    @property
    def count(self) -> int:
        return int(self._count.value)

    def __enter__(self) -> "_Viewer":
        self._process.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()


def _view(url: str, count: Any) -> None:
    async def read() -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as stream:
            async for message in stream:
                if message.type == aiohttp.WSMsgType.BINARY:
                    count.value += 1

    asyncio.run(read())


if __name__ == "__main__":
    main()
