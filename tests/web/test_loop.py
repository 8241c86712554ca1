"""Event loop blocked: nothing that a hub does keeps all its viewers waiting."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from televise.crowd.crowd import watch
from televise.crowd.outputs import EXAMPLES, outputs_of
from televise.model.hub_url import parse_hub_url
from tests.conftest import ROOT
from tests.support.loop_probe import held, probing
from tests.support.process import Running, televise
from tests.support.server import SOURCE_FOLDER
from tests.support.wire import Stream

# Of the processor, for one call; a machine that is shared may take that time for itself, but not
# again and again.
MOST_SECONDS, ROUNDS = 0.05, 3
# With the worst that a shared machine may add, and where code is loaded, which is done once.
EVER_SECONDS, LOADING_SECONDS = 0.2, 0.5
SHARES = {"slow": 0.1, "stalled": 0.1, "leaving": 0.1, "rubbish": 0.1}
PAGES = [
    "/",
    "/cam",
    "/topology",
    "/metrics",
    "/api/channels",
    "/api/topology",
    "/api/openapi.json",
]
TOLD = {"Sec-WebSocket-Protocol": "televise.v1"}
PICTURES = ["/cam.jpg", "/cam.png", "/cam.gif?t=-2s&d=1s", "/cam.mp4?t=-2s&d=1s"]

BLOCKED = """
import asyncio, socket, threading, time
async def main():
    threading.Thread(target=time.sleep, args=[0.002]).start()
    time.sleep(0.001)
    loop = asyncio.get_running_loop()
    loop.call_soon(burn)
    await loop.getaddrinfo("127.0.0.2", 80)
    socket.getaddrinfo("127.0.0.1", 80)
def burn():
    end = time.thread_time() + 0.3
    while time.thread_time() < end:
        pass
asyncio.run(main())
"""


def test_the_probe_sees_what_blocks(tmp_path: Path) -> None:
    """And not what other threads wait for."""
    environment = probing(tmp_path, BLOCKED, MOST_SECONDS, ROOT)
    subprocess.run([sys.executable, "-c", BLOCKED], env=environment, check=True, timeout=60)
    slept, burnt, asked = held(tmp_path)
    assert slept == "time.sleep(0.001)"
    assert "burn()" in burnt
    assert "127.0.0.1" in asked


async def test_the_event_loop_is_not_blocked(tmp_path: Path) -> None:
    """With good and bad viewers of each output, and all pages: no call takes 50 ms of the
    processor, but where it loads the library of the log, and none waits."""
    environment = probing(tmp_path, "serve", MOST_SECONDS, ROOT, SOURCE_FOLDER)
    source = "cam=pattern:?size=320x240&fps=15&tone=440"
    with televise(source, log=tmp_path / "log", **environment) as server:
        began = time.monotonic()
        await answered(server, ["/cam.jpg"])
        loaded = time.monotonic()
        async with Stream.open(server.port, "/cam.mp4", websocket=True, headers=TOLD) as player:
            player.say(json.dumps({"type": "report", "rung": "mse", "age_ms": 90}))
            await player.frame()
        url = parse_hub_url(f"http://127.0.0.1:{server.port}", EXAMPLES)
        accounts = await watch(await outputs_of(url, ""), 60, SHARES, seconds=2.5, churn=20.0)
        assert all(each.delivered for each in accounts if each.kind == "healthy")
        await answered(server, [*PAGES, *PICTURES] * ROUNDS)
        assert held(tmp_path, began, LOADING_SECONDS) == []
        assert held(tmp_path, loaded, EVER_SECONDS) == []
        slow = held(tmp_path, loaded)
        assert len(slow) < ROUNDS, slow
        assert held(tmp_path) != [], "the probe is there: names are looked up before it listens"


async def answered(server: Running, paths: Sequence[str]) -> None:
    """All of these are asked for, one after the other."""
    for path in paths:
        async with Stream.open(server.port, path) as stream:
            assert stream.status == 200, path
            await stream.exactly(1)
