"""The example of hubs that take channels from each other runs, by one command."""

import asyncio
import contextlib
import os
import signal
import socket
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.conftest import ROOT
from tests.support.process import COMMAND, environment, is_alive
from tests.support.waiting import until

EXAMPLE = ROOT / "examples" / "topologies" / "relays.toml"
HUBS = 6


@contextlib.asynccontextmanager
async def running(*options: str, log: Path) -> AsyncIterator[tuple[Process, list[str]]]:
    """``televise serve`` with all hubs of a file, once they run; and what it has said."""
    with log.open("w") as errors:
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, "serve", *options), stdout=PIPE, stderr=errors, env=environment()
        )
        assert process.stdout is not None
        greeting = []
        try:
            async with asyncio.timeout(60):
                while line := (await process.stdout.readline()).decode():
                    greeting.append(line)
                    if line.startswith("Ctrl+C"):
                        break
            yield process, greeting
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            async with asyncio.timeout(20):
                await process.wait()


async def asked(client: aiohttp.ClientSession, url: str) -> Any:
    async with client.get(url) as answer:
        return await answer.json()


async def test_six_hubs(tmp_path: Path) -> None:
    file = tmp_path / "relays.toml"
    small = EXAMPLE.read_text().replace("pattern:", "pattern:?size=160x120&fps=15")
    await asyncio.to_thread(file.write_text, small)
    port, log = free_row(), tmp_path / "log"
    options = ("--config", str(file), "--local", "--port", str(port))
    async with running(*options, log=log) as (process, greeting):
        roles = ["ingress", *["intermediate"] * 2, *["edge"] * 3]
        pages = [line for line in greeting if "process" in line]
        processes = [int(line.rpartition(" ")[2].rstrip(")\n")) for line in pages]
        assert len(pages) == HUBS
        for number, (line, role) in enumerate(zip(pages, roles, strict=True)):
            assert f": http://127.0.0.1:{port + number}/  ({role}, process " in line
        async with aiohttp.ClientSession() as client, asyncio.timeout(60):
            edge = f"http://127.0.0.1:{port + 5}"
            while not (known := await asked(client, f"{edge}/api/topology"))["channels"]:
                assert known["node"]
            async with client.get(f"{edge}/cam.mjpg") as picture:
                assert picture.status == 200
                await picture.content.readuntil(b"\xff\xd9")
                known = await asked(client, f"{edge}/api/topology")
        assert len(known["channels"][0]["path"]) == 2
        assert len(known["upstreams"]) == 2
        # One is killed: that is told, and the others go on.
        os.kill(processes[3], signal.SIGKILL)
        await until(lambda: "edge-1: it has ended, with exit code -9" in log.read_text())
        assert [is_alive(each) for each in processes] == [True] * 3 + [False] + [True] * 2
    assert process.returncode == 0
    assert not any(map(is_alive, processes))


async def test_one_that_cannot_start_ends_all(tmp_path: Path) -> None:
    file, port, log = tmp_path / "two.toml", free_row(), tmp_path / "log"
    file.write_text('nodes.one.channels.cam = "pattern:"\nnodes.two.upstreams = ["one"]')
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + 1))
        taken.listen()
        options = ("--config", str(file), "--local", "--port", str(port))
        async with running(*options, log=log) as (process, greeting):
            assert greeting == []
            assert await process.wait() == 2
    complaint = [line for line in log.read_text().splitlines() if line.startswith("televise: ")]
    assert complaint == [
        f"televise: two: port {port + 1} is in use: choose another, as in --port {port + 2}"
    ]


def free_row() -> int:
    """The first of six ports, all of them free now."""
    for first in range(21_000 + os.getpid() % 5000, 32_000, HUBS):
        with contextlib.suppress(OSError), contextlib.ExitStack() as probes:
            for number in range(HUBS):
                probe = probes.enter_context(socket.socket())
                probe.bind(("127.0.0.1", first + number))
            return first
    raise AssertionError("no free ports")
