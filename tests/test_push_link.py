"""What crosses an uplink: what is watched, untouched where it can be; and what is lost."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import PIL.Image
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from televise.errors import Busy
from televise.hub import channel as channel_module
from televise.hub import renditions
from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.hub.relays import adaptation
from televise.hub.relays.clock import Clock
from televise.hub.relays.uplink import Uplink
from televise.link.messages import (
    Announce,
    Ended,
    Epoch,
    Hello,
    Look,
    Media,
    Message,
    Note,
    Refused,
    State,
    Subscribe,
    Taken,
    Unsubscribe,
)
from televise.link.protocol import VERSION, encode
from televise.model.log import Log
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.source import parse_source
from televise.model.track import Track
from televise.push.pushing import Pusher
from televise.push.target import Target
from televise.testing import ToxicProxy, fake_camera, toxic_proxy
from tests.ingest.publishers import RED, Hub, picture, publishable
from tests.support.waiting import until
from tests.support.wire import connect, request

H264, JPEG = Rendition("h264", "aac"), Rendition("mjpeg")
SIZE = (160, 120)
VIDEO = Track("video", "mjpeg", 90_000, width=16, height=16)
PICTURE = picture(RED, "JPEG")
GOOD = Packet(0, 7, 1, PICTURE, 90_000, 90_000, 3000, True, 10**18, 1.0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renditions, "LINGER_SECONDS", 0.2)
    monkeypatch.setattr(channel_module, "SOURCE_LINGER_SECONDS", 0.5)


@contextlib.asynccontextmanager
async def pushed(
    hub: Hub, source: str, *, port: int = 0, take_over: bool = False
) -> AsyncIterator[Channel]:
    """A channel that is read here and pushed there, perhaps through another ``port``."""
    channel = Channel(parse_source(f"here={source}"))
    token = hub.token(take_over=take_over)
    target = Target(f"ws://127.0.0.1:{port or hub.tv.port}", "cam", token, take_over)
    pushing = asyncio.create_task(Pusher(channel, target).run())
    channel.open()
    try:
        yield channel
    finally:
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)
        await channel.close()


@contextlib.asynccontextmanager
async def through_proxy(folder: Path) -> AsyncIterator[tuple[Hub, ToxicProxy]]:
    """A hub, and a bad way to it."""
    async with toxic_proxy() as proxy, publishable(folder, origins=[proxy.url]) as hub:
        proxy.target = hub.tv.port
        yield hub, proxy


@contextlib.contextmanager
def watched(hub: Hub, rendition: Rendition = H264) -> Iterator[Encoding]:
    """One that is wanted at the hub."""
    cam = hub.tv.channel()
    encoding = cam.acquire(rendition)
    try:
        yield encoding
    finally:
        cam.release(encoding)


def received(hub: Hub) -> int:
    """Bytes of link messages that the publisher has sent."""
    publisher = hub.tv.channel().publisher
    assert publisher is not None
    return publisher.received


def clock(hub: Hub) -> Clock:
    """What the hub knows of the publisher's."""
    publisher = hub.tv.channel().publisher
    assert publisher is not None
    assert publisher.uplink is not None
    return publisher.uplink.clock


@contextlib.asynccontextmanager
async def jpeg_camera() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A network camera that sends `PICTURE` until it is unplugged: its URL, and the event."""
    unplugged = asyncio.Event()

    async def stream(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(status=503 if unplugged.is_set() else 200)
        answer.content_type = "multipart/x-mixed-replace;boundary=b"
        await answer.prepare(request)
        with contextlib.suppress(ConnectionError):
            while not unplugged.is_set():
                part = b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + PICTURE + b"\r\n"
                await answer.write(part)
                await asyncio.sleep(0.1)
        return answer

    app = web.Application()
    app.add_routes([web.get("/cam.mjpg", stream)])
    async with TestServer(app, host="127.0.0.1") as server:
        try:
            yield str(server.make_url("/cam.mjpg")), unplugged
        finally:
            unplugged.set()


def newest(log: Log[Packet]) -> int:
    """The number of the newest packet."""
    return log.newest.sequence if log.newest is not None else 0


async def get(hub: Hub, path: str) -> bytes:
    async with hub.tv.get(path) as answer:
        data = await answer.read()
        assert answer.status == 200, data
    return data


async def test_without_viewers_nothing_crosses_and_the_source_is_closed(tmp_path: Path) -> None:
    async with fake_camera(SIZE, 15) as camera, publishable(tmp_path) as hub:
        cam = hub.tv.channel()
        async with pushed(hub, camera.url) as here:
            await until(lambda: cam.publisher is not None and here.state == "idle")
            await until(lambda: cam.state == "idle")
            before, answers = received(hub), list(clock(hub)._exchanges)
            await until(lambda: list(clock(hub)._exchanges) != answers)  # a sign of life
            assert received(hub) == before
            with watched(hub) as encoding:
                packet = await until(lambda: encoding.log.newest)
                assert cam.worker is None
                assert encoding.tracks[0].delivery == "passthrough"
                theirs = here.encodings[0].log
                assert packet is not None
                sent = [theirs[each].data for each in range(theirs.first, theirs.end)]
                assert packet.data in sent
                assert cam.state == "live"
            assert received(hub) > before
            await until(lambda: here.state == cam.state == "idle")


async def test_what_passes_through_does_and_what_is_asked_for_crosses(tmp_path: Path) -> None:
    async with jpeg_camera() as (url, unplugged), publishable(tmp_path) as hub:
        cam = hub.tv.channel()
        notes: list[str] = []
        cam.note_listeners.add(lambda channel, captured, text: notes.append(text))
        async with pushed(hub, url) as here:
            await until(lambda: cam.publisher)
            with watched(hub, JPEG) as encoding:
                begin = await until(lambda: encoding.log.newest)
                assert await get(hub, "/cam.jpg") == PICTURE
                small = PIL.Image.open(io.BytesIO(await get(hub, "/cam.jpg?w=80")))
                assert small.width == 80
                assert cam.worker is None  # so it was made there
                assert Rendition("mjpeg", w=80) in [each.rendition for each in here.encodings]
                await until(lambda: encoding.log.newest.seconds > begin.seconds + 1)  # type: ignore[union-attr]
                assert await get(hub, "/cam.jpg?t=-0.2s") == PICTURE
                here._received(Note(10**18, '{"boxes": []}'))
                await until(lambda: notes == ['{"boxes":[]}'])
                cam.want_keyframe(encoding)
                await until(lambda: here.encodings[0]._asked > 0)
                unplugged.set()
                await until(lambda: cam.state == "offline")
                assert cam.text == here.text


async def test_a_look_that_nobody_waits_for_ends_at_the_publisher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with publishable(tmp_path) as hub, pushed(hub, "pattern:?size=160x120&fps=15") as here:
        await until(lambda: hub.tv.channel().publisher)
        with watched(hub):
            await until(lambda: here.state == "live")
            said: list[Message] = []
            monkeypatch.setattr(here._looks, "_send", said.append)  # it takes for ever
            _, writer = await connect(hub.tv.port)
            writer.write(request("/cam.jpg?t=-1s", hub.tv.port))
            await until(lambda: said)
            writer.transport.abort()
            await until(lambda: len(said) == 2)
            assert isinstance(said[0], Look)
            assert said[1] == Unsubscribe(said[0].id)


async def test_a_slow_uplink_loses_whole_gops_and_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adaptation, "TROUBLE_SECONDS", 1000.0)  # it stays as large as it is
    async with (
        fake_camera((320, 240), 15) as camera,
        through_proxy(tmp_path) as (hub, proxy),
        pushed(hub, camera.url, port=proxy.port) as here,
    ):
        cam = hub.tv.channel()
        await until(lambda: cam.publisher)
        with watched(hub) as encoding:
            lost: list[Packet] = []

            def note() -> None:
                packet = encoding.log.newest
                if packet is not None and packet.dropped.slow:
                    lost.append(packet)

            encoding.listeners.add(note)
            await until(lambda: encoding.log.end > 20)
            before, theirs = received(hub), here.encodings[0].log
            start = theirs.end
            await until(lambda: theirs.end > start + 15)
            proxy.rate_up = (received(hub) - before) / 10
            await until(lambda: theirs.end > start + 60)
            proxy.rate_up = 0.0
            await until(lambda: lost)
            assert all(each.keyframe for each in lost)
            await until(lambda: newest(encoding.log) == newest(theirs))
            dropped = cam.ledger.dropped
            assert dropped.slow == dropped.total
            assert (cam.ledger.repeated, cam.ledger.strays) == (0, 0)


async def test_a_narrow_uplink_has_smaller_pictures_until_it_is_wider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adaptation, "PATIENCE_SECONDS", 1.0)
    async with (
        through_proxy(tmp_path) as (hub, proxy),
        pushed(hub, "pattern:?size=640x480&fps=30", port=proxy.port),
    ):
        cam = hub.tv.channel()
        await until(lambda: cam.publisher)
        with watched(hub, JPEG) as encoding:
            await until(lambda: encoding.log.end > 20)
            assert width(encoding) == 640
            size = len(encoding.log.newest.data) if encoding.log.newest else 0
            proxy.rate_up = size * 30 / 2
            await until(lambda: width(encoding) == 320)
            [take] = (await hub.tv.json("/api/topology"))["takes"]
            assert (take["rendition"]["w"], take["wanted"]) == (320, {"video": "mjpeg"})
            assert (take["via"], take["channel"]) == ("push", "cam")
            proxy.rate_up = 0.0
            await until(lambda: width(encoding) == 640)
            known = await hub.tv.json("/api/topology")
            assert known["publishers"][0]["delay_ms"] is not None
            assert "publisher of cam" in (await get(hub, "/topology")).decode()
        dropped = cam.ledger.dropped
        assert (dropped.fault, cam.ledger.strays) == (0, 0)


def width(encoding: Encoding) -> int:
    """Of its pictures now."""
    return encoding.tracks[0].width if encoding.tracks else 0


async def test_what_a_publisher_cannot_make_smaller_stays_as_it_is() -> None:
    said: list[Message] = []
    heard: list[Message] = []
    uplink = Uplink(said.append)
    uplink.received = heard.append
    uplink.say(Subscribe(3, JPEG, 7))
    uplink.hear(Refused(3, "no more encodings"))
    assert heard == [Refused(3, "no more encodings")], "it is what was wanted"
    uplink.taken[3]._adaptation.level = 1
    uplink.hear(Refused(3, "no more encodings"))
    assert len(heard) == 1
    assert said[-2:] == [Unsubscribe(3), Subscribe(3, JPEG, 0)]


async def test_a_link_that_breaks_goes_on_where_it_was(tmp_path: Path) -> None:
    async with (
        fake_camera(SIZE, 15) as camera,
        through_proxy(tmp_path) as (hub, proxy),
        pushed(hub, camera.url, port=proxy.port) as here,
    ):
        cam = hub.tv.channel()
        await until(lambda: cam.publisher)
        with watched(hub) as encoding:
            await until(lambda: encoding.log.newest)
            epoch, seen = encoding.epoch, list[int]()

            def note() -> None:
                seen.append(newest(encoding.log))

            encoding.listeners.add(note)
            kept = here.acquire(H264)  # the encoder runs on, as it does for a while
            proxy.reset()
            assert proxy.broken
            await until(lambda: cam.publisher is None)
            count = await until(lambda: len(seen))
            await until(lambda: cam.state == "live" and len(seen) > count + 5)
            assert encoding.epoch == epoch
            assert seen == sorted(set(seen))
            assert (cam.ledger.dropped.fault, cam.ledger.strays) == (0, 0)
            here.release(kept)


async def test_a_seat_is_for_one_and_can_be_taken_over(tmp_path: Path) -> None:
    async with fake_camera(SIZE, 15) as camera, publishable(tmp_path) as hub:
        cam = hub.tv.channel()
        held = cam.publish("flv", "test")
        with watched(hub) as encoding:
            async with pushed(hub, camera.url, take_over=True):
                await until(lambda: encoding.log.newest)
                assert isinstance(held.problem, Busy)
                with pytest.raises(Busy):
                    cam.publish("flv", "test")
                assert cam.worker is None
                again = cam.publish("flv", "test", take_over=True)
                await until(lambda: cam.worker)
                assert cam.publisher is again
            again.close()


async def test_who_comes_again_may_sit_where_it_sat(tmp_path: Path) -> None:
    async with publishable(tmp_path) as hub:
        cam = hub.tv.channel()
        first = cam.publish("link", "there", Uplink(lambda message: None, "me"))
        with pytest.raises(Busy):
            cam.publish("link", "there", Uplink(lambda message: None, "you"))
        second = cam.publish("link", "there", Uplink(lambda message: None, "me"))
        assert isinstance(first.problem, Busy)
        first.close()
        assert cam.publisher is second
        assert cam._supply.remote


@pytest.mark.parametrize(
    "rubbish",
    [
        b"rubbish, of some length",
        Subscribe(1, H264, 1),
        Taken(1, 1),
        State("exploded"),
        Epoch(1, 7, ()),
        Epoch(1, 7, (VIDEO,) * 9),
        Announce((VIDEO,) * 9),
        Media(1, replace(GOOD, dts=-1)),
        Media(1, replace(GOOD, data=b"")),
        Note(1, "{"),
        Note(1, '"' + "x" * 70_000 + '"'),
        [State("live")] * 500,
        '{"clock": 0, "time": 1}',
        "[" * 50_000,
    ],
    ids=lambda rubbish: f"{type(rubbish).__name__} {str(rubbish)[:24]}",
)
async def test_rubbish_ends_its_connection_and_nothing_else(
    shared: Hub, rubbish: bytes | str | Message | list[Message]
) -> None:
    other = shared.tv.channel("other").publisher
    cam = shared.tv.channel()
    url = f"http://{shared.tv.authority}/api/link/cam/publish"
    key = {"Authorization": f"Bearer {shared.token()}"}
    async with shared.tv.session.ws_connect(url, headers=key) as websocket:
        await websocket.send_bytes(encode(Hello(VERSION)) + encode(State("live")))
        await until(lambda: cam.state == "live" or cam.state == "idle")
        for each in rubbish if isinstance(rubbish, list) else [rubbish]:
            if isinstance(each, str):
                await websocket.send_str(each)
            else:
                await websocket.send_bytes(each if isinstance(each, bytes) else encode(each))
        async for _ in websocket:
            pass
        assert websocket.close_code == 1003
    await shared.is_free()
    assert shared.tv.channel("other").publisher is other
    assert not cam.final


async def test_what_it_says_of_others_subscriptions_is_nothing(shared: Hub) -> None:
    """Numbers that are not asked for, an end that is final: nobody minds."""
    cam = shared.tv.channel()
    url = f"http://{shared.tv.authority}/api/link/cam/publish"
    key = {"Authorization": f"Bearer {shared.token()}"}
    strange: list[Message] = [
        *(Epoch(999, 7, (VIDEO,)), Media(999, GOOD), Ended(999), Refused(999, "no")),
        State("offline", "x" * 900, final=True),
    ]
    async with shared.tv.session.ws_connect(url, headers=key) as websocket:
        for each in [Hello(VERSION), *strange]:
            await websocket.send_bytes(encode(each))
        await until(lambda: cam.state == "offline" and cam.text == "x" * 500)
        assert not cam.final
        assert cam.encodings == []


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Hub]:
    async with publishable(tmp_path, "cam=publish:", "other=publish:") as hub:
        held = hub.tv.channel("other").publish("mpegts", "test")
        yield hub
        held.close()
