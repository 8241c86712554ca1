"""Lossy link: one packet in a hundred is lost on a wire of 50 ms, and no viewer loses a picture."""

import asyncio
import contextlib
from pathlib import Path

from televise.testing import watching
from tests.support.island import far_island
from tests.support.process import Running, televise
from tests.support.waiting import until

DELAY_SECONDS, LOSS = 0.05, 0.01
PATTERN = "cam=pattern:?size=320x240&fps=25&tone=440"
# Who is further behind than this would skip: so long is the delay at most.
LATEST = "max_latency=4s"
VIEWERS = [
    "ws://{}/cam.mp4?" + LATEST,
    "ws://{}/cam.mjpg?q=20&" + LATEST,
    "ws://{}/cam.ts?" + LATEST,
    "http://{}/cam.mp4?" + LATEST,
    "http://{}/cam.flv?" + LATEST,
]
ENOUGH_LOST = 25


async def test_a_lossy_link_costs_viewers_nothing(tmp_path: Path) -> None:
    """Everything comes, in order, and nobody is so late that something is left out."""
    async with far_island(DELAY_SECONDS, LOSS) as (island, wire):
        arguments = (PATTERN, "--host", "0.0.0.0", "--insecure", "--rtmp", "off")
        with televise(*arguments, log=tmp_path / "log", before=island.enter) as server:
            async with contextlib.AsyncExitStack() as stack:
                urls = [url.format(f"{island.there}:{server.port}") for url in VIEWERS]
                viewers = [await stack.enter_async_context(watching(url)) for url in urls]
                await asyncio.gather(*(viewer.takes(30) for viewer in viewers))
                await until(lambda: wire.lost >= ENOUGH_LOST)
                # The other side's kernel has noticed.
                assert await until(lambda: sent_again(server) > 0)
                wire.loss = 0.0
                await asyncio.gather(*(viewer.takes(10) for viewer in viewers))
                accounts = await asyncio.gather(*(viewer.settled() for viewer in viewers))
    for account in accounts:
        assert account.complete, account
        assert account.dropped.total == 0, account
        assert account.joins == 1


def sent_again(server: Running) -> int:
    """TCP segments that were sent a second time from the network in which the server is."""
    lines = Path(f"/proc/{server.process.pid}/net/snmp").read_text().splitlines()
    names, values = (line.split() for line in lines if line.startswith("Tcp:"))
    return int(dict(zip(names, values, strict=True))["RetransSegs"])
