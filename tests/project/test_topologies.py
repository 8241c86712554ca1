"""The example of hubs that take channels from each other runs."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.conftest import ROOT
from tests.support.process import environment

SCRIPT = ROOT / "examples" / "topologies" / "relays.sh"
SMALL = "cam=pattern:?size=160x120&fps=15"
HUBS = 6


@contextlib.asynccontextmanager
async def running(port: int, log: Path) -> AsyncIterator[None]:
    """All hubs, in a session of their own."""
    with log.open("w") as errors:
        process = await asyncio.create_subprocess_exec(
            *("sh", str(SCRIPT), SMALL, str(port)),
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment(TELEVISE=f"{sys.executable} -m televise"),
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            await asyncio.wait_for(process.wait(), 20)


async def asked(client: aiohttp.ClientSession, url: str) -> Any:
    """The answer, once there is one."""
    while True:
        with contextlib.suppress(aiohttp.ClientConnectorError):
            async with client.get(url) as answer:
                return await answer.json()


async def test_six_hubs(tmp_path: Path) -> None:
    port = free_row()
    async with running(port, tmp_path / "log"), aiohttp.ClientSession() as client:
        async with asyncio.timeout(60):
            for number in range(HUBS):
                url = f"http://127.0.0.1:{port + number}"
                while not (known := await asked(client, f"{url}/api/topology"))["channels"]:
                    assert known["node"]
            async with client.get(f"http://127.0.0.1:{port + 5}/cam.mjpg") as picture:
                assert picture.status == 200
                await picture.content.readuntil(b"\xff\xd9")
                known = await asked(client, f"http://127.0.0.1:{port + 5}/api/topology")
    assert len(known["channels"][0]["path"]) == 2
    assert len(known["upstreams"]) == 2


def free_row() -> int:
    """The first of six ports, all of them free now."""
    for first in range(21_000 + os.getpid() % 5000, 32_000, HUBS):
        with contextlib.suppress(OSError), contextlib.ExitStack() as probes:
            for number in range(HUBS):
                probe = probes.enter_context(socket.socket())
                probe.bind(("127.0.0.1", first + number))
            return first
    raise AssertionError("no free ports")
