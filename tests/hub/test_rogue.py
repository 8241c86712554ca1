"""An upstream that lies: what it says is dropped and counted, and nobody else suffers."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from televise.link.messages import Epoch, Hello, Keyframe, Media, Message, Note, Unsubscribe
from televise.link.protocol import VERSION, Receiver, encode
from televise.model import refusals
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web import census
from televise.web.peers import parse_report
from tests.hub.hubs import SMALL, has, hub, taking, to
from tests.support.waiting import until

NODE = "rogue"
VIDEO = Track("video", "mjpeg", 90_000, width=16, height=16)
GOOD = Packet(0, 7, 1, b"picture", 90_000, 90_000, 3000, True, 10**18, 1.0)
CHANNEL = {"name": "cam", "state": "live", "text": "", "path": [NODE], "tracks": []}
ANNOUNCED = json.dumps({"node": NODE, "channels": [CHANNEL]})
BEGUN: list[Message] = [Hello(VERSION), Epoch(1, 7, (VIDEO,))]


class Rogue:
    """A hub that says what a test wants: texts of its announcements, bytes of its media."""

    def __init__(self, port: int, texts: list[str], media: list[bytes]) -> None:
        self.port = port
        self.texts, self.media = texts, media
        self.links = 0
        self.heard: list[Message] = []


@asynccontextmanager
async def rogue(texts: list[str], media: list[bytes]) -> AsyncIterator[Rogue]:
    async def announce(request: web.Request) -> web.StreamResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        for text in subject.texts:
            await websocket.send_str(text)
        async for _ in websocket:
            await websocket.send_str(subject.texts[-1])
        return websocket

    async def carry(request: web.Request) -> web.StreamResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        subject.links += 1
        for data in subject.media:
            await websocket.send_bytes(data)
        receiver = Receiver("consumer")
        async for message in websocket:
            subject.heard += receiver.feed(message.data)
        return websocket

    app = web.Application()
    app.add_routes([web.get("/api/link", announce), web.get("/api/link/cam", carry)])
    async with TestServer(app, host="127.0.0.1") as server:
        assert server.port is not None
        subject = Rogue(server.port, texts, media)
        yield subject


def messages(*more: Message) -> list[bytes]:
    return [encode(message) for message in [*BEGUN, *more]]


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[" * 50_000,
        '{"clock":1}',
        '{"clock":' + "9" * 400 + ',"time":1}',
        json.dumps({"node": "other", "channels": [CHANNEL]}),
        json.dumps({"node": NODE, "channels": [CHANNEL | {"path": ["<b>", NODE]}]}),
        json.dumps({"node": NODE, "channels": [CHANNEL | {"name": "x", "tracks": [{}]}]}),
    ],
)
async def test_an_announcement_that_is_none_changes_nothing(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr("televise.events._emit", lambda level, event, fields: lines.append(event))
    async with rogue([ANNOUNCED, *[text] * 20], []) as liar, hub(upstreams=to(liar.port)) as edge:
        [upstream] = edge.server._upstreams.all
        await until(lambda: upstream.rejected >= 20)
        assert upstream.connected
        assert list(upstream.offers) == ["cam"]
        assert [each.name for each in edge.server.hub.channels] == ["cam"]
    assert len([line for line in lines if "announces what is none" in line]) == 1


async def test_an_announcement_that_is_too_large_ends_the_link() -> None:
    huge = json.dumps({"node": NODE, "channels": [CHANNEL | {"text": "x" * (5 << 20)}]})
    async with rogue([huge], []) as liar, hub(upstreams=to(liar.port)) as edge:
        [upstream] = edge.server._upstreams.all
        await until(lambda: "exceeds limit" in upstream.reason or "too big" in upstream.reason)
        assert edge.server.hub.channels == []


async def test_one_that_says_nothing_true_for_long_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("televise.hub.relays.upstream.SILENCE_SECONDS", 3.0)
    async with rogue([ANNOUNCED, "x"], []) as liar, hub(upstreams=to(liar.port)) as edge:
        [upstream] = edge.server._upstreams.all
        await until(lambda: upstream.connected)
        await until(lambda: not upstream.connected)
        assert upstream.reason == "no answer in time"


async def test_forged_packets_are_dropped_and_counted() -> None:
    forged = [replace(GOOD, epoch=8), replace(GOOD, track=1), replace(GOOD, sequence=0)]
    after = replace(GOOD, sequence=2, dts=93_000, pts=93_000, seconds=1.03)
    data = messages(Media(1, GOOD), *(Media(1, each) for each in forged), Media(1, after))
    async with rogue([ANNOUNCED], data) as liar, hub(upstreams=to(liar.port)) as edge:
        await has(edge)
        async with taking(edge) as taker:
            [packet] = await taker.take(1)
            ledger = edge.channel().ledger
            assert packet.sequence == 2
            assert (ledger.received, ledger.strays, ledger.repeated) == (2, 2, 1)
            assert liar.links == 1


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense",
        b"\xff" * 5,
        encode(Media(1, replace(GOOD, dts=-1))),
        encode(Media(1, replace(GOOD, pts=1))),
        encode(Media(1, replace(GOOD, pts=1 << 62))),
        encode(Media(1, replace(GOOD, data=b""))),
        encode(Epoch(1, 8, ())),
        encode(Epoch(1, 8, (replace(VIDEO, timescale=0),))),
        encode(Note(1, "nonsense")),
        encode(Note(1, '{"boxes":NaN}')),
        encode(Hello(VERSION)),
    ],
)
async def test_what_cannot_be_ends_that_link_and_the_next_upstream_is_taken(data: bytes) -> None:
    async with (
        rogue([ANNOUNCED], [*messages(), data]) as liar,
        hub(SMALL) as honest,
        hub(upstreams=to(liar.port, honest.port)) as edge,
    ):
        await has(edge)
        async with taking(edge) as taker:
            await taker.take(5)
        assert liar.links >= 1
        assert taker.epochs[-1] != 7


@pytest.mark.parametrize("captured", [-(1 << 63), (1 << 63) - 1])
async def test_a_time_that_cannot_be_is_still_one_that_can_be_sent(captured: int) -> None:
    note = Note(abs(captured), "{}")
    data = messages(note, Media(1, replace(GOOD, captured=captured)))
    [upstream] = to(9)
    async with rogue([ANNOUNCED], data) as liar:
        upstream.url = f"ws://127.0.0.1:{liar.port}"
        upstream.clock.answered(1 << 60, 1 << 61, (1 << 60) + 1)
        async with hub(upstreams=[upstream]) as edge:
            await has(edge)
            async with taking(edge) as taker:
                [packet] = await taker.take(1)
    assert 0 <= packet.captured < 1 << 63


async def test_after_a_hole_a_keyframe_is_asked_for() -> None:
    after = replace(GOOD, sequence=3, dts=96_000, pts=96_000, keyframe=False)
    data = messages(Media(1, GOOD), Media(1, after))
    async with rogue([ANNOUNCED], data) as liar, hub(upstreams=to(liar.port)) as edge:
        await has(edge)
        async with taking(edge) as taker:
            await taker.take(1)
            await until(lambda: Keyframe(1) in liar.heard)
            assert edge.channel().ledger.received == 1


@pytest.mark.parametrize(
    "data",
    [b"nonsense", encode(Keyframe(1)), encode(Hello(VERSION)) + encode(Unsubscribe(1)), "text"],
    ids=["nonsense", "not greeted", "not allowed", "text"],
)
async def test_a_relay_that_takes_media_may_only_want_keyframes(data: bytes | str) -> None:
    async with hub(SMALL) as ingress, taking(ingress) as taker, taking(ingress) as other:
        await taker.take(1)
        socket = taker.websocket
        await (socket.send_bytes(data) if isinstance(data, bytes) else socket.send_str(data))
        while not (await socket.receive()).type.name.startswith("CLOSE"):
            pass
        assert socket.close_code == 1008
        await other.take(5)


@pytest.mark.parametrize("text", ["x", "[" * 50_000])
async def test_a_relay_that_says_what_is_no_json_is_sent_away(text: str) -> None:
    async with hub(SMALL) as ingress, link(ingress) as websocket:
        await websocket.send_str(text)
        while not (await websocket.receive()).type.name.startswith("CLOSE"):
            pass
        assert websocket.close_code == 1008
        assert ingress.edge.census.reports == {}


@pytest.mark.parametrize(
    "text",
    ["{}", '{"node":"a"}', '{"node":"a","viewers":{"cam":"x"},"hubs":[],"clock":1}'],
)
async def test_a_report_that_is_none_is_left_out_and_counted(text: str) -> None:
    """The link stays: a relay may pass on what strangers have told it."""
    before = refusals.counts["reports"]
    async with hub(SMALL) as ingress, link(ingress) as websocket:
        await websocket.send_str(text)
        await websocket.send_str(reporting("a", cam=3))
        await answered(websocket)
        [report] = ingress.edge.census.reports.values()
        assert report.viewers == {"cam": 3}
        assert refusals.counts["reports"] == before + 1


async def test_reports_have_a_limit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census, "MAX_REPORTS_BYTES", 150)
    async with hub(SMALL) as ingress, AsyncExitStack() as stack:
        for name in ("a", "b", "c", "d"):
            websocket = await stack.enter_async_context(link(ingress))
            await websocket.send_str(reporting(name, cam=1))
            await answered(websocket)
        assert ingress.edge.census.counts() == {"cam": 2}


async def test_nobody_speaks_for_another_hub() -> None:
    """Who comes from elsewhere and has its name is counted beside it, and only what there is."""
    async with hub(SMALL) as ingress:
        heard = ingress.edge.census
        there, liar = (parse_report(json.loads(reporting("a", cam=count))) for count in (3, 1000))
        heard.hear(there, "192.0.2.1")
        heard.hear(liar, "192.0.2.2")
        assert heard.counts() == {"cam": 1003}
        heard.forget(liar, "192.0.2.2")
        assert heard.counts() == {"cam": 3}
        heard.hear(parse_report(json.loads(reporting("b", none=9))), "192.0.2.2")
        assert heard.counts() == {"cam": 3}


async def test_what_one_stranger_reports_cuts_nobody_from_the_ingress() -> None:
    """All of it together is more than one report may have."""
    async with hub(SMALL) as ingress, hub(upstreams=to(ingress.port)) as edge:
        await has(edge)
        [upstream] = edge.server._upstreams.all
        hubs = [json.loads(reporting(f"h{n}")) for n in range(900)]
        before, links = refusals.counts["reports"], ingress.edge.census.reports
        async with link(edge) as stranger:
            lie = json.loads(reporting("x", cam=(1 << 31) - 1)) | {"hubs": hubs}
            await stranger.send_str(json.dumps(lie, separators=(",", ":")))
            await answered(stranger)
            assert edge.edge.census.counts() == {"cam": (1 << 31) - 1}
            async with edge.stream_socket("/cam.mjpg") as viewer:
                await viewer.frame()
                await until(
                    lambda: any(each.viewers.get("cam", 0) > 1000 for each in links.values())
                )
                await viewer.frame()
        assert upstream.connected
        assert refusals.counts["reports"] == before


@asynccontextmanager
async def link(to_hub: Any) -> AsyncIterator[Any]:
    """What another hub says may be sent to it."""
    url = f"ws://{to_hub.authority}/api/link"
    async with to_hub.session.ws_connect(url) as websocket:
        said: Any = await websocket.receive_json()
        assert said["channels"][0]["name"] == "cam"
        yield websocket


def reporting(node: str, **viewers: int) -> str:
    return json.dumps({"node": node, "viewers": viewers, "hubs": [], "clock": 77})


async def answered(websocket: Any) -> None:
    """Once it has been heard."""
    while "clock" not in (said := await websocket.receive_json()):
        assert said is not None
