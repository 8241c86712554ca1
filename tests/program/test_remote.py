"""A program whose hub is somewhere else."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import televise
from televise.errors import InputError, Unavailable
from televise.web.trust.keys import Grant, Keys
from tests.program.conftest import descendants
from tests.program.test_channel import RED, is_like, look, plain
from tests.support.process import environment, is_alive
from tests.support.server import Serving, serving
from tests.support.waiting import until


@pytest.fixture
async def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Serving]:
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    async with serving("cam=publish:", key_file=tmp_path / "key") as running:
        yield running


def key(tmp_path: Path, channel: str = "cam") -> str:
    return Keys(tmp_path / "key").sign(Grant(channel, "publish"), 3600)


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


async def test_its_pictures_are_seen_there(hub: Serving, tmp_path: Path) -> None:
    remote = televise.connect(f"ws://{hub.authority}", token=key(tmp_path))
    try:
        channel = await asyncio.to_thread(remote.channel, "cam")
        assert channel.url == f"http://{hub.authority}/cam"
        await until(lambda: channel.show(plain(RED)) and hub.channel().state == "live")
        assert is_like(await asyncio.to_thread(look, channel), RED)
        family = descendants(remote._pushers["cam"].pid)
        assert len(family) == 2
        assert not [pid for pid in family if key(tmp_path) in command_line(pid)]
    finally:
        await asyncio.to_thread(remote.close)
    await until(lambda: not any(map(is_alive, family)))


async def test_what_only_the_hub_knows_is_not_told(hub: Serving, tmp_path: Path) -> None:
    with televise.connect(f"ws://{hub.authority}", token=key(tmp_path)) as remote:
        channel = remote.channel("cam")
        for ask in (lambda: channel.viewers, lambda: channel.on_click(print),
                    lambda: channel.on_key(print)):  # fmt: skip
            with pytest.raises(Unavailable):
                ask()


@pytest.mark.parametrize("channel", ["other", ""])
async def test_a_key_that_does_not_do_is_said(hub: Serving, tmp_path: Path, channel: str) -> None:
    token = key(tmp_path, channel) if channel else "nonsense"
    with televise.connect(f"http://{hub.authority}", token=token) as remote:
        shown = remote.channel("cam")
        await until(lambda: remote.closed)
        with pytest.raises(Unavailable, match="key"):
            shown.show(plain(RED))


async def test_a_channel_that_somebody_publishes_is_told(
    hub: Serving, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And is there as soon as that one goes."""
    held = hub.channel().publish("mpegts", "test")
    with televise.connect(f"ws://{hub.authority}", token=key(tmp_path)) as remote:
        channel = remote.channel("cam")
        await until(lambda: channel.show(plain(RED)) and caplog.records)
        said = [record.getMessage() for record in caplog.records if record.name == "televise"]
        reason = "somebody publishes cam already: stop that, or take it over"
        assert said == [f"televise: {channel.url} is not published: {reason}"]
        held.close()
        await until(lambda: channel.show(plain(RED)) and hub.channel().state == "live")


KILLED = """
import sys, time, numpy, televise
remote = televise.connect(sys.argv[1], token=sys.argv[2])
cam = remote.channel("cam")
while True:
    cam.show(numpy.zeros((48, 64), "uint8"))
    time.sleep(0.02)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_program_that_is_killed_publishes_no_more(
    hub: Serving, tmp_path: Path, number: signal.Signals
) -> None:
    url = f"ws://{hub.authority}"
    process: Any = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, url, key(tmp_path), env=environment(TMPDIR=str(tmp_path))
    )
    try:
        await hub.is_live()
        family = descendants(process.pid)
        assert len(family) == 3
        process.send_signal(number)
    except BaseException:
        process.kill()
        raise
    finally:
        await process.wait()
    await until(lambda: not any(map(is_alive, family)))


@pytest.mark.parametrize("url", ["", "hub:8080", "ftp://hub", "ws://", "ws://hub?x=1", "ws://["])
def test_a_bad_url_is_said(url: str) -> None:
    with pytest.raises(InputError, match="write it as in ws://hub:8080"):
        televise.connect(url)
