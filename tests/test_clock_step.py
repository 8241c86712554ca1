"""Clock step of an hour, forward and back: who watches notices nothing, and keys are by the clock.

libfaketime sets the clock of a running server; its monotonic clock goes on as it does.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from televise.testing import watching
from televise.web.trust.keys import Grant, Keys
from tests.conftest import Needs
from tests.support.process import televise
from tests.support.server import SMALL, SOURCE_FOLDER
from tests.support.waiting import LIMIT_SECONDS
from tests.support.wire import Stream

HOUR = 3600
# A key for so many seconds, and a time at which it has ended, but by less than the leeway.
BRIEF, LATE = 60, 65
# What a key for ten minutes, and a brief one, are answered.
STEPS = {1: [200, 200], LATE: [200, 200], HOUR: [401, 401], -HOUR: [200, 200], 0: [200, 200]}
PATHS = ["ws://{}/cam.mp4", "ws://{}/cam.mjpg?max_latency=4s", "http://{}/cam.ts"]


# Whatever the hub is started with, a worker gets none of it; so it takes it from here.
AGAIN = """
import os, sys
if "LD_PRELOAD" not in os.environ:
    os.execve(sys.executable, sys.orig_argv, os.environ | {environment!r})
"""


@dataclass
class Watch:
    """The clock of a server, which can be set while it runs."""

    library: Path
    folder: Path

    def set(self, seconds: int) -> None:
        """So much later than it is."""
        written = self.folder / "new"
        written.write_text(f"{seconds:+d}\n")
        written.replace(self.folder / "clock")

    def is_of(self, pid: int) -> bool:
        """Whether that process goes by it."""
        return str(self.library) in Path(f"/proc/{pid}/maps").read_text()

    @property
    def _faked(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock"),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
        }

    def environment(self) -> dict[str, str]:
        """For the server and its worker."""
        (self.folder / "sitecustomize.py").write_text(AGAIN.format(environment=self._faked))
        return {"PYTHONPATH": f"{self.folder}:{SOURCE_FOLDER}"}


@pytest.fixture
def watch(tmp_path: Path, needs: Needs) -> Watch:
    found = list(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        needs("faketime")
    return Watch(found[0], tmp_path)


async def is_later(port: int, seconds: int) -> None:
    """Wait until the server's clock is so much later than ours."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            async with Stream.open(port, "/healthz") as stream:
                told = parsedate_to_datetime(stream.headers["date"]).timestamp()
            if abs(told - time.time() - seconds) < 30:
                return
            await asyncio.sleep(0.02)


async def is_let_in(port: int, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    async with Stream.open(port, "/cam.mjpg", headers) as stream:
        return stream.status


async def test_a_clock_step_of_an_hour(watch: Watch, tmp_path: Path) -> None:
    keys = Keys(tmp_path / "key")
    watch.set(0)
    private = ("--private", "--key-file", str(tmp_path / "key"), "--rtmp", "off")
    log = tmp_path / "log"
    with televise(f"cam={SMALL}", *private, log=log, **watch.environment()) as server:
        token, brief = (keys.sign(Grant("cam", "view"), seconds) for seconds in (600, BRIEF))
        async with AsyncExitStack() as stack:
            urls = [path.format(f"127.0.0.1:{server.port}") for path in PATHS]
            entered = (stack.enter_async_context(watching(url, token=token)) for url in urls)
            viewers = await asyncio.gather(*entered)
            (worker,) = server.workers
            for seconds, statuses in STEPS.items():
                watch.set(seconds)
                await is_later(server.port, seconds)
                await asyncio.gather(*(viewer.takes(10) for viewer in viewers))
                # Who is here stays, and who comes is let in by what time it is.
                assert [await is_let_in(server.port, each) for each in (token, brief)] == statuses
            accounts = await asyncio.gather(*(viewer.settled() for viewer in viewers))
            assert server.workers == [worker]
            assert watch.is_of(worker)
    for account in accounts:
        assert account.complete, account
        assert account.joins == 1
