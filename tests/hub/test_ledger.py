"""The ledger: over four hops, whatever happens to them, each packet is accounted for.

One chain for all tests of this module. The witness is beside the source; each viewer is at the far
end. `ingress = delivered + dropped{reason} + in flight` holds for every hop and every viewer.
"""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from televise.hub.relays.link_messages import LinkMessages
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.testing import Account, ToxicProxy, Watching, toxic_proxy, watching
from televise.web.viewer import Viewer
from tests.hub.hubs import has, hub, through, to
from tests.support.process import Running, televise
from tests.support.server import Serving
from tests.support.waiting import until
from tests.support.witness import Witness

FILM = "cam=pattern:?size=640x480&fps=30"
WANTED = Rendition("h264", "aac", bitrate=2_000_000)
PATH = "cam.mp4?bitrate=2M&max_latency=300ms"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Chain:
    """Ingress, one of two intermediates, another one, a link that may fail, edge."""

    ingress: Serving
    first: Running
    spare: Serving
    middle: Serving
    proxy: ToxicProxy
    edge: Serving
    witness: Witness

    @property
    def url(self) -> str:
        return f"ws://{self.edge.authority}/{PATH}"

    @property
    def hops(self) -> list[Serving]:
        """Those behind the ingress that are there all the time."""
        return [self.middle, self.edge]

    def place(self, number: tuple[int, int] | None) -> int:
        """Where a packet came among all that the source made."""
        assert number is not None
        numbers = [(packet.epoch, packet.sequence) for packet in self.witness.packets]
        return numbers.index(number)

    async def sees_keyframes(self, count: int) -> None:
        """Wait for so many more."""
        wanted = keyframes(self.witness.packets) + count
        await until(lambda: keyframes(self.witness.packets) >= wanted)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chain]:
    log: Path = tmp_path_factory.mktemp("first") / "log"
    async with hub(FILM) as ingress, hub(upstreams=to(ingress.port)) as spare, toxic_proxy() as way:
        with televise("--upstream", f"ws://{ingress.authority}", log=log) as first:
            async with hub(upstreams=to(first.port, spare.port), origins=[way.url]) as middle:
                way.target = middle.port
                await until(lambda: all(each.offers for each in middle.server._upstreams.all))
                async with hub(upstreams=to(way.port)) as edge:
                    await has(edge)
                    witness = Witness(ingress.channel(), WANTED)
                    async with (
                        watching(f"ws://{middle.authority}/{PATH}"),
                        watching(f"ws://{edge.authority}/{PATH}") as somebody,
                    ):
                        # There is somebody at each hop, so that no encoding ends between two tests.
                        await somebody.takes(10)
                        yield Chain(ingress, first, spare, middle, way, edge, witness)
                    witness.leave()


def keyframes(packets: list[Packet]) -> int:
    return sum(packet.keyframe for packet in packets)


def newest(tv: Serving) -> tuple[int, int]:
    [encoding] = tv.channel().encodings
    packet = encoding.log.newest
    assert packet is not None
    return packet.epoch, packet.sequence


@contextmanager
def balanced(chain: Chain) -> Iterator[None]:
    """Behind this block, of all packets since before it each hop had each, or knows why not."""
    before = [(chain.place(newest(tv)), counted(tv)) for tv in chain.hops]
    try:
        yield
    finally:
        chain.proxy.mend()
    for tv, (place, count) in zip(chain.hops, before, strict=True):
        assert counted(tv) - count == chain.place(newest(tv)) - place
        assert tv.channel().ledger.strays == 0


def counted(tv: Serving) -> int:
    ledger = tv.channel().ledger
    return ledger.received + ledger.dropped.total


def check_account(chain: Chain, account: Account) -> None:
    """All that was made from its first to its last packet it got, or was told why not."""
    assert account.exact, account
    assert account.ended == ""
    assert (account.duplicates, account.disorder, account.waiting) == (0, 0, 0)
    made = chain.place(account.last) - chain.place(account.first) + 1
    assert account.offered == made
    assert made == account.delivered + account.dropped.total


def check_links(chain: Chain) -> None:
    """What a hub was offered was given to it, was left out, or waits; what was given and has not
    come is on its way."""
    for tv in (chain.ingress, *chain.hops):
        for viewer in tv.edge.census.fed_with(tv.channel()):
            waiting = viewer.offered - viewer.delivered - viewer.cursor.skipped
            assert waiting == 0 if viewer.live else waiting >= 0


async def test_all_is_well(chain: Chain) -> None:
    with balanced(chain):
        async with watching(chain.url) as viewer:
            await viewer.takes(30)
            account = await viewer.settled()
        check_links(chain)
    check_account(chain, account)
    assert account.complete
    assert account.dropped.total == 0


async def test_a_slow_viewer(chain: Chain) -> None:
    with balanced(chain):
        async with (
            watching(chain.url, "slow", rate=40_000) as slow,
            watching(chain.url) as healthy,
        ):
            await slow.takes(1)
            await until(lambda: any(each.cursor.skipped for each in fed(chain)))
            await chain.sees_keyframes(1)
            check_links(chain)
            accounts = await slow.settled(), await healthy.settled()
    for account in accounts:
        check_account(chain, account)
    assert accounts[0].dropped.slow == accounts[0].dropped.total > 0
    assert accounts[1].complete


async def test_a_stalled_viewer(chain: Chain) -> None:
    with balanced(chain):
        async with watching(chain.url, "stalled") as stalled:
            await stalled.takes(1)
            await until(lambda: any(not each.live for each in fed(chain)))
            await chain.sees_keyframes(2)
            assert stalled.account.delivered < 60
            check_links(chain)
            account = await stalled.settled()
    check_account(chain, account)
    assert account.dropped.slow == account.dropped.total > 0


async def test_a_cut_link(chain: Chain) -> None:
    with balanced(chain):
        async with watching(chain.url) as viewer:
            await viewer.takes(5)
            chain.proxy.cut()
            await chain.sees_keyframes(2)
            assert chain.proxy.broken > 0
            chain.proxy.mend()
            await viewer.takes(30)
            account = await viewer.settled()
    check_account(chain, account)
    assert account.dropped.fault == account.dropped.total > 0


async def test_a_frozen_link(chain: Chain) -> None:
    with balanced(chain):
        async with watching(chain.url) as viewer:
            await viewer.takes(5)
            chain.proxy.freeze()
            await until(lambda: must_skip(chain.middle))
            assert chain.proxy.held > 0
            chain.proxy.thaw()
            await caught_up(chain, viewer)
            account = await viewer.settled()
    check_account(chain, account)
    assert account.dropped.slow > 0, "as the hub before it says"


async def test_a_source_that_begins_anew(chain: Chain) -> None:
    with balanced(chain):
        async with watching(chain.url) as viewer:
            await viewer.takes(5)
            worker = chain.ingress.channel().worker
            assert worker is not None
            os.kill(worker, signal.SIGKILL)
            await until(lambda: viewer.account.epochs > 1)
            await viewer.takes(10)
            account = await viewer.settled()
    check_account(chain, account)
    assert chain.ingress.channel().worker != worker
    assert account.dropped.total == 0


async def test_a_source_that_begins_anew_while_the_link_is_cut(chain: Chain) -> None:
    with balanced(chain):
        async with watching(chain.url) as viewer:
            await viewer.takes(5)
            chain.proxy.cut()
            await chain.sees_keyframes(1)
            worker = chain.ingress.channel().worker
            assert worker is not None
            os.kill(worker, signal.SIGKILL)
            await chain.sees_keyframes(2)
            chain.proxy.mend()
            await until(lambda: viewer.account.epochs > 1)
            await viewer.takes(10)
            account = await viewer.settled()
    check_account(chain, account)
    assert account.dropped.source_gap > 0, "of the epoch that had ended"
    assert account.dropped.fault > 0, "of the one that had begun"


async def test_a_killed_intermediate(chain: Chain) -> None:
    with balanced(chain):
        async with watching(chain.url) as viewer:
            await viewer.takes(5)
            chain.first.end(signal.SIGKILL)
            way = through(chain.ingress, chain.spare)
            await until(lambda: chain.middle.channel().path == way)
            await viewer.takes(30)
            account = await viewer.settled()
    check_account(chain, account)


def fed(chain: Chain) -> list[Viewer]:
    return chain.edge.edge.census.fed_with(chain.edge.channel())


def must_skip(tv: Serving) -> bool:
    """Whether another hub is so far behind that it will go on at a newer keyframe."""
    [link] = [each for each in tv.edge.census.fed_with(tv.channel()) if each.relays]
    [encoding] = tv.channel().encodings
    [muxed] = [each for make, each in encoding._muxed.items() if make is LinkMessages]
    newest = muxed.log.newest_keyframe
    late = link.cursor.lag > link.cursor.max_latency
    return not link.live and late and newest is not None and newest > link.cursor.position


async def caught_up(chain: Chain, viewer: Watching) -> None:
    """Wait until it has what was made after now."""
    place = len(chain.witness.packets)
    await until(lambda: chain.place(viewer.account.last) >= place)
