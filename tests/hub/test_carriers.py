"""What carries packets to a channel, a worker, another hub over WebSocket or over NATS, makes no
difference to who watches it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from televise.hub.channel import Channel
from televise.hub.relays.upstream import parse_upstream
from televise.model.dropped import Dropped
from televise.model.log import Cursor
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.source import parse_source
from televise.server import Server
from televise.settings import Settings
from televise.web.viewer import Viewer
from tests.support.nats import NatsServer, nats_server
from tests.support.process import televise
from tests.support.server import SOURCE_FOLDER
from tests.support.waiting import until
from tests.support.wire import Stream
from tests.support.witness import Witness

SOURCE = "cam=pattern:?size=160x120&fps=30"
# A keyframe every two seconds, so that who waited for the next one would be seen to.
H264 = Rendition("h264")
MJPEG = Rendition("mjpeg")
# 5 MB a second.
LARGE = "cam=pattern:?size=1920x1080&fps=25"
LARGE_JPEG, WATCHED = Rendition("mjpeg", q=95), "/cam.mjpg?q=95"


@dataclass
class Setup:
    """A hub with a source, and hubs that take it from there; ``kind`` is how."""

    kind: str
    bus: NatsServer | None = None
    port: int = 0
    servers: list[Server] = field(default_factory=list)

    async def start(self, *sources: str, **settings: Any) -> Server:
        """One more hub."""
        specs = [parse_source(source) for source in sources]
        bus = self.bus.url if self.bus else ""
        server = Server(specs, Settings(rtmp_port=-1, bus=bus, **settings))
        self.servers.append(server)
        await server.start()
        return server

    @property
    def url(self) -> str:
        """Of the hub with the source."""
        return f"ws://127.0.0.1:{self.port}"

    async def start_provider(self, source: str = SOURCE) -> Server:
        """The hub with the source; the next one is where the last was."""
        server = await self.start(source, port=self.port)
        self.port = server.port
        return server

    async def watch_elsewhere(self) -> Channel:
        """The channel as yet another hub has it; with a worker it is the only one that there is."""
        if self.kind == "worker":
            return self.servers[0].hub.channel("cam")
        upstreams = [parse_upstream(self.url)] if self.kind == "websocket" else []
        edge = await self.start(port=0, upstreams=upstreams)
        await until(lambda: edge.hub.has("cam"))
        return edge.hub.channel("cam")

    def takers(self) -> list[Viewer]:
        """Who is fed with the channel where its source is, over HTTP or WebSocket."""
        edge = self.servers[0].edge
        return edge.census.fed_with(edge.hub.channel("cam"))

    @asynccontextmanager
    async def frozen(self, log: Path) -> AsyncIterator[Callable[[], bool]]:
        """Another hub that takes it is stopped, or another viewer; gives out how to ask whether it
        has been left out."""
        if self.kind == "worker":
            async with Stream.open(self.port, WATCHED, receive_buffer=4096):
                [viewer] = await until(self.takers)
                yield lambda: not viewer.live
            return
        where = ["--bus", self.bus.url] if self.bus else ["--upstream", self.url]
        with televise(*where, "--rtmp", "off", log=log) as hub:
            known = self.takers()
            async with watching(hub.port) as viewer_there:
                await viewer_there.until(b"\xff\xd8")
                new = [each for each in self.takers() if each not in known]
                hub.process.send_signal(signal.SIGSTOP)
                if self.bus is not None:
                    bus = self.bus
                    yield lambda: "Slow Consumer" in bus.log
                else:
                    yield lambda: not new[0].live
                hub.process.send_signal(signal.SIGCONT)

    async def stop(self, server: Server) -> None:
        self.servers.remove(server)
        await server.close()


@asynccontextmanager
async def watching(port: int) -> AsyncIterator[Stream]:
    """A viewer at a hub in another process, once that has the channel."""
    while True:
        async with Stream.open(port, WATCHED) as stream:
            if stream.status == 200:
                yield stream
                return
        await asyncio.sleep(0.05)  # it is another process


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest_asyncio.fixture(params=["worker", "websocket", "nats"])
async def setup(request: pytest.FixtureRequest, bus: NatsServer) -> AsyncIterator[Setup]:
    os.environ.setdefault("PYTHONPATH", str(SOURCE_FOLDER))
    made = Setup(request.param, bus if request.param == "nats" else None)
    try:
        yield made
    finally:
        for server in made.servers.copy():
            await made.stop(server)


async def test_who_comes_late_does_not_wait_for_the_next_keyframe(setup: Setup) -> None:
    provider = await setup.start_provider()
    first = Witness(provider.hub.channel("cam"), H264)
    await first.sees(20)
    late = Witness(await setup.watch_elsewhere(), H264)
    newest = first.packets[-1]
    await late.sees(40)
    assert late.packets[0].keyframe
    assert (late.packets[0].epoch, late.packets[0].sequence) <= (newest.epoch, newest.sequence)
    late.check()


async def test_nothing_is_missing_and_nothing_comes_twice(setup: Setup) -> None:
    provider = await setup.start_provider()
    channel = await setup.watch_elsewhere()
    origin = Witness(provider.hub.channel("cam"), H264)
    watching = [Witness(channel, H264), Witness(channel, MJPEG)]
    for witness in watching:
        await witness.sees(60)
        witness.check()
    seen = {packet.sequence: packet.data for packet in watching[0].packets}
    assert list(seen) == list(range(min(seen), max(seen) + 1))
    sent = {packet.sequence: packet.data for packet in origin.packets}
    shared = seen.keys() & sent.keys()
    assert len(shared) > 30
    assert all(seen[sequence] == sent[sequence] for sequence in shared)


async def test_who_is_slow_resumes_at_the_newest_keyframe(setup: Setup) -> None:
    await setup.start_provider()
    witness = Witness(await setup.watch_elsewhere(), H264)
    await witness.sees(5)
    slow = Cursor(witness.encoding.log, max_latency=0.2)
    begun = slow.read()
    assert begun is not None
    keyframes = witness.packets
    await until(lambda: keyframes[-1].keyframe and keyframes[-1].sequence > begun.sequence)
    resumed = slow.read()
    assert resumed is keyframes[-1]
    assert slow.skipped == resumed.sequence - begun.sequence - 1


async def test_epochs_follow_each_other(setup: Setup) -> None:
    provider = await setup.start_provider()
    witness = Witness(await setup.watch_elsewhere(), H264)
    for number in (1, 2):
        await witness.sees_epochs(number)
        worker = provider.hub.channel("cam").worker
        assert worker is not None
        os.kill(worker, signal.SIGKILL)
    await witness.sees_epochs(3)
    witness.check()


async def test_a_keyframe_is_made_for_who_cannot_go_on_without(setup: Setup) -> None:
    await setup.start_provider()
    channel = await setup.watch_elsewhere()
    witness = Witness(channel, H264)
    await witness.sees(5)

    def came_early() -> bool:
        channel.want_keyframe(witness.encoding)
        keyframes = [packet.seconds for packet in witness.packets if packet.keyframe]
        return any(after - before < 1.9 for before, after in pairwise(keyframes))

    await until(came_early)
    witness.check()


async def test_who_is_frozen_holds_up_nobody(setup: Setup, tmp_path: Path) -> None:
    await setup.start_provider(LARGE)
    beside = Witness(await setup.watch_elsewhere(), LARGE_JPEG)
    await beside.sees(5)
    async with setup.frozen(tmp_path / "log") as is_left_out:
        await until(is_left_out)
        await beside.sees(50)
    beside.check()
    assert beside.channel.ledger.missing == 0


async def test_nothing_crosses_where_nobody_watches(setup: Setup) -> None:
    provider = await setup.start_provider()
    channel = await setup.watch_elsewhere()
    origin = provider.hub.channel("cam")
    await until(lambda: origin.state == "live")
    assert origin.encodings == []
    witness = Witness(channel, H264)
    await witness.sees(5)
    assert [encoding.rendition for encoding in origin.encodings] == [H264]
    witness.leave()
    await until(lambda: origin.encodings == [])
    seen = len(witness.packets)
    again = Witness(channel, H264)
    await again.sees(5)
    assert len(witness.packets) == seen


async def test_the_state_of_the_source_is_seen(setup: Setup) -> None:
    provider = await setup.start_provider()
    channel = await setup.watch_elsewhere()
    witness = Witness(channel, H264)
    await until(lambda: channel.state == "live")
    states: list[str] = []
    channel.listeners.add(lambda each: states.append(each.state))
    worker = provider.hub.channel("cam").worker
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    await until(lambda: "offline" in states and states[-1] == "live")
    await witness.sees(5)


async def test_why_packets_are_missing_is_known_elsewhere(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the hub with the source had not got them either, over too slow a link."""
    provider = await setup.start_provider()
    channel = await setup.watch_elsewhere()
    witness = Witness(channel, H264)
    await witness.sees(5)
    [origin] = provider.hub.channel("cam").encodings
    append, left_out = origin.append, list[Packet]()

    def leave_out(packet: Packet) -> None:
        if packet.keyframe and not left_out:
            append(packet)
        elif packet.keyframe:
            monkeypatch.undo()
            origin.explain(Dropped(slow=len(left_out)))
            append(packet)
        else:
            left_out.append(packet)

    monkeypatch.setattr(origin, "append", leave_out)
    await until(lambda: left_out and origin.append == append)
    await until(lambda: witness.packets[-1].sequence > left_out[-1].sequence)
    assert channel.ledger.dropped == Dropped(slow=len(left_out))
    assert not {each.sequence for each in left_out} & {each.sequence for each in witness.packets}


async def test_what_supplies_it_ends_and_comes_back(setup: Setup) -> None:
    provider = await setup.start_provider()
    channel = await setup.watch_elsewhere()
    witness = Witness(channel, H264)
    await witness.sees(5)
    states: list[str] = []
    channel.listeners.add(lambda each: states.append(each.state))
    if setup.kind == "worker":
        assert channel.worker is not None
        os.kill(channel.worker, signal.SIGKILL)
    else:
        await setup.stop(provider)
    await until(lambda: "offline" in states)
    if setup.kind != "worker":
        await setup.start_provider()
    await until(lambda: states[-1] == "live")
    await witness.sees_epochs(2)
    witness.check()
