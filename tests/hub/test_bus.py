"""Hubs on a bus, with real NATS servers: what they say to each other, and what strangers say."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from nats.aio.msg import Msg

from televise.hub.budget import MAX_RENDITIONS
from televise.hub.channel import Channel
from televise.hub.nats.bus import Bus
from televise.hub.relays.upstream import parse_upstream
from televise.link.interest import Interest
from televise.link.messages import Epoch, Media, Note
from televise.link.nats import (
    Assembler,
    MessageReader,
    control_subject,
    media_subject,
    node_subject,
)
from televise.link.protocol import encode
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from tests.hub.hubs import link_ends
from tests.support.nats import NatsServer, announced, nats_server, part_of, stranger
from tests.support.process import televise
from tests.support.server import Serving, serving
from tests.support.waiting import until
from tests.support.witness import Witness

SOURCE = "cam=pattern:?size=160x120&fps=30"
H264 = Rendition("h264")


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest_asyncio.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as everything:
        yield everything


async def provider(stack: AsyncExitStack, bus: NatsServer) -> Serving:
    return await stack.enter_async_context(serving(SOURCE, bus=bus.url))


async def edge(stack: AsyncExitStack, bus: NatsServer) -> Serving:
    """A hub with a channel of its own, which nobody wants."""
    return await stack.enter_async_context(serving("own=publish:", bus=bus.url, rtmp_port=-1))


def bus_of(hub: Serving) -> Bus:
    (upstream,) = hub.server._upstreams.all
    assert isinstance(upstream, Bus)
    return upstream


def node_of(hub: Serving) -> str:
    return hub.server.hub.node


async def cam(hub: Serving, path: int = 1) -> Channel:
    """The channel, once it is there by so many hubs."""
    await until(lambda: hub.server.hub.has("cam"))
    channel = hub.channel("cam")
    await until(lambda: channel.path is not None and len(channel.path) == path)
    return channel


async def test_channels_come_and_go(stack: AsyncExitStack, bus: NatsServer) -> None:
    early = await edge(stack, bus)
    source = await provider(stack, bus)
    late = await edge(stack, bus)
    for hub in (early, late):
        assert (await cam(hub)).path == (node_of(source),)
    await source.server.hub.remove("cam")
    for hub in (early, late):
        await until(lambda hub=hub: hub.channel("cam").path is None)  # type: ignore[misc]
        assert hub.channel("cam").state == "offline"


async def test_what_came_over_the_bus_is_not_offered_there_again(
    stack: AsyncExitStack, bus: NatsServer
) -> None:
    source, relay = await provider(stack, bus), await edge(stack, bus)
    witness = Witness(await cam(relay), H264)
    await witness.sees(5)
    said: asyncio.Queue[bytes] = asyncio.Queue()
    answers: list[Msg] = []

    async def hear(message: Msg) -> None:
        said.put_nowait(message.data)

    async def hear_answer(message: Msg) -> None:
        answers.append(message)

    async with stranger(bus) as client:
        await client.subscribe(node_subject(node_of(relay)), cb=hear)
        await client.subscribe("_INBOX.me", cb=hear_answer)
        announcement = json.loads(Assembler().feed(await said.get()) or b"")
        assert [each["name"] for each in announcement["channels"]] == ["own"]
        wanted = Interest("join", H264, "stranger", time.time_ns()).to_bytes()
        await client.publish(control_subject("cam", node_of(relay)), wanted, "_INBOX.me")
        await until(lambda: answers)
        broadcasts = bus_of(relay).broadcasts
        assert broadcasts is not None
        assert broadcasts.all == []
    assert bus_of(source).offers == {"own": bus_of(source).offers["own"]}


async def test_what_came_another_way_is_offered(stack: AsyncExitStack, bus: NatsServer) -> None:
    source = await stack.enter_async_context(serving(SOURCE))
    upstreams = [parse_upstream(f"ws://{source.authority}")]
    between = await stack.enter_async_context(
        serving("own=publish:", bus=bus.url, upstreams=upstreams, rtmp_port=-1)
    )
    channel = await cam(await edge(stack, bus), path=2)
    assert channel.path == (node_of(source), node_of(between))
    witness = Witness(channel, H264)
    await witness.sees(5)
    witness.check()


async def test_one_that_ends_is_followed_by_another(stack: AsyncExitStack, bus: NatsServer) -> None:
    both = [AsyncExitStack(), AsyncExitStack()]
    sources = [await provider(await stack.enter_async_context(each), bus) for each in both]
    watching = await edge(stack, bus)
    channel = await cam(watching)
    await until(lambda: len(bus_of(watching).neighbours) == 2)
    witness = Witness(channel, H264)
    await witness.sees(5)
    (reception,) = bus_of(watching).receptions
    used = [node_of(each) for each in sources].index(reception.neighbour.node)
    await both[used].aclose()
    await witness.sees_epochs(2)
    assert channel.path == (node_of(sources[1 - used]),)
    witness.check()


async def test_one_that_is_killed_is_noticed(
    stack: AsyncExitStack, bus: NatsServer, tmp_path: Path
) -> None:
    with televise(SOURCE, "--bus", bus.url, log=tmp_path / "log") as source:
        watching = await edge(stack, bus)
        witness = Witness(await cam(watching), H264)
        await witness.sees(5)
        source.process.kill()
        await until(lambda: watching.channel("cam").state == "offline")
    await provider(stack, bus)
    await witness.sees_epochs(2)
    witness.check()


async def test_the_server_ends_and_comes_back(
    stack: AsyncExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = link_ends(monkeypatch)
    with nats_server(tmp_path) as bus:
        await provider(stack, bus)
        watching = await edge(stack, bus)
        witness = Witness(await cam(watching), H264)
        await witness.sees(5)
        bus.kill()
        await until(lambda: not bus_of(watching).connected)
        assert watching.channel("cam").path is None
        await until(lambda: ends == ["the connection to NATS is lost"])
        # Long enough that what was made meanwhile is more than a GOP: it is not to be seen.
        assert witness.encoding.tracks
        seen, since = len(witness.packets), time.time_ns()
        await asyncio.sleep(4.5)
        bus.start()
        await until(lambda: len(witness.packets) > seen + 30)
        witness.check()
        newest, resumed = witness.packets[seen - 1], witness.packets[seen]
        assert resumed.keyframe
        assert resumed.captured > since
        assert resumed.sequence > newest.sequence + 30 or resumed.epoch != newest.epoch
        assert watching.channel("cam").path is not None


async def test_a_server_that_hangs_is_noticed(stack: AsyncExitStack, tmp_path: Path) -> None:
    with nats_server(tmp_path) as bus:
        await provider(stack, bus)
        watching = await edge(stack, bus)
        witness = Witness(await cam(watching), H264)
        await witness.sees(5)
        bus.send_signal(signal.SIGSTOP)
        await until(lambda: not bus_of(watching).connected)
        bus.send_signal(signal.SIGCONT)
        await until(lambda: bus_of(watching).connected)
        await witness.sees(5)
        witness.check()


async def test_strangers_are_not_believed(stack: AsyncExitStack, bus: NatsServer) -> None:
    source, watching = await provider(stack, bus), await edge(stack, bus)
    witness = Witness(await cam(watching), H264)
    await witness.sees(5)
    at_source = bus_of(source).broadcasts
    assert at_source is not None
    node = node_of(source)
    media = media_subject("cam", H264, node)
    wrong = [b"", b"{", b"\xff" * 100, part_of(b"not a message of the link")]
    async with stranger(bus) as client:
        for data in wrong:
            await client.publish(node_subject("stranger"), data)
            await client.publish(control_subject("cam", node), data, "_INBOX.me")
            await client.publish(media, data)
        # In another's name, and with an answer that would go to all.
        await client.publish(node_subject("me"), part_of(announced("you", "cam")))
        wanted = Interest("join", H264, "stranger", 0).to_bytes()
        await client.publish(control_subject("cam", node), wanted, "televise.v1.node.x")
        await client.flush()
        await until(lambda: bus_of(watching).rejected >= 2 * len(wrong) + 1)
        await until(lambda: at_source.refused >= len(wrong) + 1)
    await witness.sees(5)
    witness.check()
    assert {each.node for each in bus_of(watching).neighbours} == {node}


@pytest.mark.parametrize("unknown", [False, True], ids=["its epoch", "an unknown one"])
async def test_a_forged_picture_is_not_shown(
    stack: AsyncExitStack, bus: NatsServer, unknown: bool
) -> None:
    """It is well-formed, and far in the future: all that is genuine would be older."""
    source, watching = await provider(stack, bus), await edge(stack, bus)
    witness = Witness(await cam(watching), H264)
    await witness.sees(5)
    newest = witness.packets[-1]
    epoch = newest.epoch + 1 if unknown else newest.epoch
    forged = replace(newest, epoch=epoch, sequence=1 << 40, keyframe=True, data=b"forged")
    async with stranger(bus) as client:
        said = part_of(encode(Media(1, forged)))
        await client.publish(media_subject("cam", H264, node_of(source)), said)
        await client.flush()
    await until(lambda: bus_of(watching).rejected == 1)
    await witness.sees(30)
    witness.check()
    numbers = [packet.sequence for packet in witness.packets]
    assert numbers == [*range(numbers[0], numbers[-1] + 1)]
    assert watching.channel("cam").ledger.missing == 0


async def test_an_epoch_that_was_over_goes_on(stack: AsyncExitStack, bus: NatsServer) -> None:
    """The source's hub takes something smaller for a while, and then the whole again."""
    bare = serving("cam=publish:", bus=bus.url, rtmp_port=-1)
    channel = (await stack.enter_async_context(bare)).channel("cam")
    watching = await edge(stack, bus)
    witness = Witness(await cam(watching), H264)
    seen = 0
    await until(lambda: channel.encodings)
    (encoding,) = channel.encodings
    for epoch, first in (7, 0), (9, 0), (7, 20), (9, 30), (7, 40):
        channel._received(Epoch(encoding.id, epoch, (Track("video", "h264", 90_000),)))
        for sequence in range(first, first + 10):
            keyframe, seconds = sequence == first, sequence / 30
            packet = Packet(0, epoch, sequence, b"x", 0, 0, 1, keyframe, 0, seconds)
            channel._received(Media(encoding.id, packet))
        seen += 10
        await until(lambda: len(witness.packets) == seen)  # noqa: B023
    assert witness.epochs == [7, 9, 7, 9, 7]
    ledger = watching.channel("cam").ledger
    assert (ledger.received, ledger.missing, ledger.repeated, ledger.strays) == (50, 0, 0, 0)


async def test_what_the_network_loses_is_asked_for_again(
    stack: AsyncExitStack, bus: NatsServer
) -> None:
    """Between the hubs stands one that loses the third picture after each keyframe."""
    source = await provider(stack, bus)
    node, between = node_of(source), "0"  # the first of those that are equally good
    assembler, reader = Assembler(), MessageReader()
    keyframe, lost = 0, list[int]()

    async with stranger(bus) as client:

        async def forward(message: Msg) -> None:
            nonlocal keyframe
            said = reader.read(assembler.feed(message.data) or b"")
            if isinstance(said, Media):
                keyframe = said.packet.sequence if said.packet.keyframe else keyframe
                if said.packet.sequence == keyframe + 3:
                    lost.append(said.packet.sequence)
                    return
            await client.publish(media_subject("cam", H264, between), message.data)

        async def ask(message: Msg) -> None:
            await client.publish(control_subject("cam", node), message.data, message.reply)

        await client.subscribe(media_subject("cam", H264, node), cb=forward)
        await client.subscribe(control_subject("cam", between), cb=ask)
        watching = await edge(stack, bus)
        await until(lambda: node in bus_of(watching).neighbours)
        await client.publish(node_subject(between), part_of(announced(between, "cam")))
        await until(lambda: between in bus_of(watching).neighbours)
        witness = Witness(await cam(watching), H264)
        await until(lambda: len(lost) >= 2)
        await until(lambda: witness.packets[-1].sequence > lost[1] + 5)
        (reception,) = bus_of(watching).receptions
        assert reception.neighbour.node == between
        assert {packet.sequence for packet in witness.packets} >= set(lost[1:2])
        assert watching.channel("cam").ledger.missing == 0
        witness.check()
        witness.leave()


async def test_viewers_are_counted_where_it_comes_from(
    stack: AsyncExitStack, bus: NatsServer
) -> None:
    source, watching = await provider(stack, bus), await edge(stack, bus)
    await cam(watching)
    async with watching.stream_socket("/cam.mp4") as viewer:
        await viewer.frame()
        await until(lambda: source.edge.census.counts() == {"cam": 1})
        [report] = source.edge.census.reports.values()
        assert (report.node, report.viewers) == (node_of(watching), {"cam": 1})
        await until(lambda: "arrived" in source.edge.census.below()[0]["ages"].get("cam", {}))
        known = await source.json("/api/topology")
        there = await watching.json("/api/topology")
    await until(lambda: source.edge.census.reports == {})
    [link] = known["links"]
    assert (link["node"], link["via"], link["channel"]) == (node_of(watching), "NATS", "cam")
    assert link["offered"] == link["delivered"] + link["skipped"] > 0
    assert link["bytes"] > 1000
    [take] = there["takes"]
    assert (take["node"], take["via"], take["missing"]) == (node_of(source), "NATS", 0)
    assert take["bytes"] > 1000
    [upstream] = there["upstreams"]
    [neighbour] = upstream["neighbours"]
    assert (neighbour["node"], neighbour["channels"]) == (node_of(source), ["cam"])
    assert neighbour["delay_ms"] is not None


async def test_the_past_is_there_too(stack: AsyncExitStack, bus: NatsServer) -> None:
    source, watching = await provider(stack, bus), await edge(stack, bus)
    witness = Witness(await cam(watching), H264)
    await witness.sees(60)
    async with watching.get("/cam.jpg?t=-1s") as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert (await answer.read()).startswith(b"\xff\xd8")
    async with watching.get("/cam.jpg?t=-200s") as answer:
        assert answer.status == 503
    assert source.channel("cam").state == "live"


async def test_notes_cross(stack: AsyncExitStack, bus: NatsServer) -> None:
    source, watching = await provider(stack, bus), await edge(stack, bus)
    witness = Witness(await cam(watching), H264)
    await witness.sees(5)
    notes: list[str] = []
    witness.channel.note_listeners.add(lambda channel, captured, text: notes.append(text))
    source.channel("cam")._received(Note(time.time_ns(), '{"a":1}'))
    await until(lambda: notes)
    assert notes == ['{"a":1}']


async def test_what_cannot_be_made_is_refused(stack: AsyncExitStack, bus: NatsServer) -> None:
    source, watching = await provider(stack, bus), await edge(stack, bus)
    await cam(watching)
    origin = source.channel("cam")
    for number in range(MAX_RENDITIONS):
        origin.acquire(Rendition("mjpeg", w=16 + 2 * number))
    async with watching.get("/cam.mjpg?w=160") as answer:
        assert answer.status == 503
        assert f"{MAX_RENDITIONS} ways" in await answer.text()


async def test_large_pictures_come_in_parts(stack: AsyncExitStack, bus: NatsServer) -> None:
    large = "cam=pattern:?size=1920x1080&fps=5"
    await stack.enter_async_context(serving(large, bus=bus.url))
    watching = await edge(stack, bus)
    witness = Witness(await cam(watching), Rendition("mjpeg", q=100))
    await witness.sees(5)
    assert max(len(packet.data) for packet in witness.packets) > 256 << 10
    witness.check()
