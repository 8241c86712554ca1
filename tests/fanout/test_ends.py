"""How fan-out processes end: with their hub, however that ends."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.process import Running, is_alive, run, televise
from tests.support.waiting import wait_until
from tests.support.wire import Stream

SMALL = "cam=pattern:?size=160x120&fps=15"
# The promise is three seconds; a busy machine may need more, a hang would need for ever.
END_SECONDS = 10.0


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Its folder of sockets is in ours."""
    with televise(SMALL, "--workers", "2", log=tmp_path / "log", TMPDIR=str(tmp_path)) as server:
        yield server


def folders(where: Path) -> list[Path]:
    return list(where.glob("televise-*"))


async def test_a_signal_ends_all_of_them(running: Running, tmp_path: Path) -> None:
    assert "  2 fan-out processes serve the viewers\n" in running.greeting
    processes = running.workers
    assert len(processes) == 3
    assert folders(tmp_path)
    taken = run("serve", "--port", str(running.port), "--workers", "2", SMALL)
    assert (taken.returncode, taken.stderr) == (
        2,
        f"televise: port {running.port} is in use: "
        f"choose another, as in --port {running.port + 1}\n",
    )
    async with (
        Stream.open(running.port, "/cam.mjpg", websocket=True) as polite,
        Stream.open(running.port, "/cam.mjpg", receive_buffer=2048),
    ):
        await polite.frame()
        began = time.monotonic()
        running.process.send_signal(signal.SIGINT)
        assert (await polite.rest())[-2 - 26 :].endswith(b"the server is restarting")
        assert running.process.wait(60) == 0
        assert time.monotonic() - began < END_SECONDS
    assert not any(map(is_alive, processes))
    assert not folders(tmp_path)


async def test_they_end_with_a_hub_that_is_killed(running: Running, tmp_path: Path) -> None:
    processes = running.workers
    async with Stream.open(running.port, "/cam.mjpg") as stream:
        await stream.exactly(1000)
        os.kill(running.process.pid, signal.SIGKILL)
        await stream.rest()
    wait_until(lambda: not any(map(is_alive, processes)))
    assert not folders(tmp_path)
