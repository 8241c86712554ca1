"""T12: the usual tool against servers that wait: slow headers, slow bodies, slow reading."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence

import pytest

from televise.testing import watching
from tests.attacks.victim import Victim
from tests.conftest import Needs
from tests.support.descriptors import allowing
from tests.support.waiting import LIMIT_SECONDS

# As many attackers as that, and so many more each second.
ATTACKERS, RATE = 1000, 200
# At the same time; the others come after these, or on a busy machine the first have been sent away.
MANY = 300
# Of a connection each, and whatever else is open.
DESCRIPTORS = 4096
# It is ended before that.
SECONDS = 60
# Who is further behind than this would skip: on a busy machine everybody is late at times.
LATEST = "max_latency=4s"
WAYS = {
    "headers": (["-H"], "/"),
    "bodies": (["-B"], "/shots.jpg?token={token}"),
    "reading": (["-X", "-w", "1", "-y", "1", "-z", "8"], "/cam.mp4"),
}
USED = re.compile(rb'^televise_limit_used\{limit="connections"\} ([\d.]+)', re.M)


@pytest.mark.parametrize("way", WAYS)
async def test_a_thousand_slow_ones(victim: Victim, needs: Needs, way: str) -> None:
    """Who watches loses nothing, and who comes meanwhile sees something."""
    options, path = WAYS[way]
    token = victim.bearer("shots", "publish")["Authorization"].removeprefix("Bearer ")
    url = f"http://127.0.0.1:{victim.port}{path.format(token=token)}"
    at = f"127.0.0.1:{victim.port}/cam"
    with allowing(DESCRIPTORS):
        urls = (f"ws://{at}.mp4?{LATEST}", f"http://{at}.mjpg?{LATEST}")
        async with watching(urls[0]) as one, watching(urls[1]) as other:
            await asyncio.gather(one.takes(5), other.takes(5))
            async with asyncio.timeout(LIMIT_SECONDS):
                while await connections(victim) > MANY / 2:  # those before are still leaving
                    await one.takes(1)
            async with attacking(needs("slowhttptest"), *options, "-u", url):
                async with asyncio.timeout(LIMIT_SECONDS):
                    while await connections(victim) < MANY:
                        await one.takes(1)
                async with watching(f"ws://{at}.mjpg") as newcomer:
                    await newcomer.takes(5)
                await asyncio.gather(one.takes(5), other.takes(5))
                accounts = await asyncio.gather(one.settled(), other.settled())
    for account in accounts:
        assert account.complete, account


async def connections(victim: Victim) -> float:
    """How many the hub says to have."""
    answer = await asyncio.to_thread(victim.ask, "/metrics")
    found = USED.search(answer.body)
    assert found is not None, answer
    return float(found[1])


@contextlib.asynccontextmanager
async def attacking(*command: str) -> AsyncIterator[None]:
    """Something attacks while the block runs."""
    how: Sequence[object] = ("-c", ATTACKERS, "-r", RATE, "-l", SECONDS, "-i", 1, "-x", 8)
    process = await asyncio.create_subprocess_exec(
        *command, *map(str, how), stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield
        assert process.returncode is None, "it attacked to the end"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
