"""1000 viewers at once, and a flash reconnect after a restart: each gets its pictures."""

import asyncio
import contextlib
import random
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from televise.crowd.account import Unit
from televise.crowd.output import Output
from televise.crowd.viewer import Viewer, first_of
from televise.crowd.wire import Address
from televise.testing import watching
from tests.support.descriptors import allowing
from tests.support.process import Running, televise
from tests.support.waiting import until

FILM = "cam=pattern:?size=160x120&fps=5"
MANY, RETURNING = 1000, 500
# Of a connection each, on both sides, and whatever else is open.
DESCRIPTORS = 4096
# The player's waits: once soon, then at any time within three seconds.
SOON_SECONDS, LATER_SECONDS = (0.125, 0.375), (0.25, 3.0)


@pytest.fixture(autouse=True)
def descriptors() -> Iterator[None]:
    """As many as this needs."""
    with allowing(DESCRIPTORS):
        yield


def pictures(server: Running) -> Output:
    return Output("cam.mjpg", Address("127.0.0.1", server.port, "/cam.mjpg", True), "mjpg")


@contextlib.asynccontextmanager
async def leaving(viewers: Sequence[Viewer]) -> AsyncIterator[None]:
    """They leave at the end of the block."""
    try:
        yield
    finally:
        for viewer in viewers:
            viewer.leave()


async def test_1000_viewers_at_once(tmp_path: Path) -> None:
    """All are let in and see something, and who is there already notices nothing."""
    with televise(FILM, log=tmp_path / "log") as server:
        url = f"ws://127.0.0.1:{server.port}/cam.mp4"
        crowd = [Viewer(pictures(server)) for _ in range(MANY)]
        async with watching(url) as one, watching(url) as other, leaving(crowd):
            await asyncio.gather(one.takes(5), other.takes(5))
            await asyncio.gather(*(viewer.join() for viewer in crowd))
            await until(lambda: all(each.account.delivered for each in crowd))
            assert {each.account.ended for each in crowd} == {""}
            await asyncio.gather(one.takes(10), other.takes(10))
            accounts = await asyncio.gather(one.settled(), other.settled())
        for account in accounts:
            assert account.complete, account


class Returning(Viewer):
    """It comes again whenever its connection ends, after waits as the player's.

    ``seen`` are pictures since it came for the last time, ``failures`` why it was not let in.
    """

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self.seen = self.endings = 0
        self.failures: list[str] = []

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.join()
            await first_of(stop.wait(), self._gone.wait())
            span = SOON_SECONDS if self.seen else LATER_SECONDS
            if self.seen:
                self.endings += 1
            elif not stop.is_set():
                self.failures.append(self.account.ended)
            self.seen = 0
            await first_of(stop.wait(), seconds=random.uniform(*span))
        self.leave()

    def _took(self, unit: Unit, counts: bool) -> None:
        self.seen += 1


async def test_flash_reconnect_after_a_restart(tmp_path: Path) -> None:
    """The server is killed and started again: all come back, and none is refused for good."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group, contextlib.AsyncExitStack() as stack:
        server = stack.enter_context(televise(FILM, log=tmp_path / "first"))
        crowd = [Returning(pictures(server)) for _ in range(RETURNING)]
        for each in crowd:
            group.create_task(each.run(stop))
        stack.callback(stop.set)
        await until(lambda: all(each.seen for each in crowd))
        assert [each.endings for each in crowd] == [0] * RETURNING
        server.end(signal.SIGKILL)
        await until(lambda: all(each.failures for each in crowd))
        again = televise(FILM, "--port", str(server.port), log=tmp_path / "second")
        # They try again all the time until it listens.
        await asyncio.to_thread(stack.enter_context, again)
        await until(lambda: all(each.seen for each in crowd))
        assert [each.endings for each in crowd] == [1] * RETURNING
    reasons = {reason for each in crowd for reason in each.failures}
    assert not [reason for reason in reasons if reason.startswith(("answered", "closed with"))]
