"""Publishing by WebSocket: what recorders in browsers send, and how those are refused."""

import json

import pytest

from tests.conftest import Needs
from tests.ingest.publishers import Hub, film
from tests.support.waiting import until
from tests.support.wire import BINARY, CLOSE, Stream

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def closed(stream: Stream) -> tuple[int, str]:
    """With which code, and why."""
    while (frame := await stream.frame()).opcode != CLOSE:
        pass
    return frame.code, frame.payload[2:].decode()


async def refused(hub: Hub, path: str, token: str) -> tuple[int, str]:
    async with hub.tv.stream_socket(f"{path}?token={token}") as stream:
        return await closed(stream)


@pytest.mark.parametrize("way", ["mp4", "webm", "ts", "flv", "mjpg"])
async def test_it_is_shown(hub: Hub, way: str, needs: Needs) -> None:
    needs("ffmpeg")
    data = film(way, 2.0)
    async with hub.tv.stream_socket(f"/cam.{way}?token={hub.token()}") as stream:
        # As a recorder would, in pieces that end anywhere.
        for start in range(0, len(data), 3000):
            stream.send(BINARY, data[start : start + 3000])
        await hub.tv.is_live()
        assert (await hub.shown()).size == (160, 120)
        stream.send(CLOSE, (1000).to_bytes(2, "big"))
        assert await closed(stream) == (1000, "")
    await until(lambda: hub.tv.channel().state == "offline")


async def test_a_header_may_hold_the_key(hub: Hub) -> None:
    headers = {"Authorization": f"Bearer {hub.token()}"}
    async with hub.tv.stream_socket("/cam.mp4", headers=headers) as stream:
        await until(lambda: hub.tv.channel().publisher)
        stream.send(CLOSE, (1000).to_bytes(2, "big"))
        assert (await closed(stream))[0] == 1000


async def test_without_a_key_one_watches(hub: Hub) -> None:
    async with hub.tv.stream_socket("/pattern.mp4") as stream:
        assert (await stream.frame()).payload[4:8] == b"ftyp"


async def test_keys(hub: Hub) -> None:
    code, told = await refused(hub, "/cam.mp4", "nonsense")
    assert (code, told) == (1008, "this key is not valid here: see televise token")
    assert (await refused(hub, "/cam.mp4", hub.token("cam10")))[0] == 1008
    assert (await refused(hub, "/cam.mp4", f"{hub.token()}&takeover=1"))[0] == 1008
    assert (await refused(hub, "/cam.mp4", f"{hub.token()}&takeover=maybe"))[0] == 1008
    assert (await refused(hub, "/nothing.mp4", hub.token("*")))[0] == 1008
    assert (await refused(hub, "/pattern.mp4", hub.token("*")))[0] == 1008


async def test_an_old_link_shows_what_nobody_publishes(hub: Hub) -> None:
    """Where watching is for everybody; without a word, as over HTTP."""
    async with hub.tv.stream_socket("/pattern.mp4?token=nonsense") as stream:
        assert (await stream.frame()).payload[4:8] == b"ftyp"
    async with Stream.open(hub.tv.port, "/new.mp4?token=nonsense", websocket=True) as stream:
        assert stream.status == 404


async def test_every_refusal_is_in_the_log(hub: Hub, refusals: list[tuple[str, str, str]]) -> None:
    for path, token, code in (
        ("/cam.mp4", "nonsense", 1008),
        ("/cam.ts", hub.token("cam10"), 1008),
        ("/pattern.mp4", hub.token("*"), 1008),
    ):
        refusals.clear()
        assert (await refused(hub, path, token))[0] == code
        ((channel, address, reason),) = refusals
        assert (channel, address) == (path[1:].partition(".")[0], "127.0.0.1")
        assert reason


async def test_one_publisher_at_a_time(hub: Hub) -> None:
    path = f"/cam.mp4?token={hub.token()}"
    async with hub.tv.stream_socket(path) as first:
        held = await until(lambda: hub.tv.channel().publisher)
        code, told = await refused(hub, "/cam.mp4", hub.token())
        assert code == 1013
        assert told.startswith("somebody publishes cam already")
        take_over = f"{hub.token(take_over=True)}&takeover=1"
        async with hub.tv.stream_socket(f"/cam.webm?token={take_over}"):
            assert await closed(first) == (1013, "another publisher has taken over")
            assert hub.tv.channel().publisher not in (None, held)


async def test_what_is_no_media(hub: Hub) -> None:
    async with hub.tv.stream_socket(f"/cam.mp4?token={hub.token()}") as stream:
        for _ in range(20):
            stream.send(BINARY, b"no media at all " * 4000)
        code, told = await closed(stream)
        assert code == 1003
        assert told.startswith("what is published: ")


async def test_texts_are_not_understood(hub: Hub) -> None:
    async with hub.tv.stream_socket(f"/cam.mp4?token={hub.token()}") as stream:
        stream.say("hello")
        code, told = await closed(stream)
        assert (code, told) == (1003, "only binary messages, which are media, are understood here")


async def test_a_message_that_is_too_large(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub.tv.edge.sizes, "message", 10_000)
    async with hub.tv.stream_socket(f"/cam.mp4?token={hub.token()}") as stream:
        held = await until(lambda: hub.tv.channel().publisher)
        stream.send(BINARY, bytes(20_000))
        assert (await closed(stream))[0] == 1009
    await hub.is_free()
    assert held is not None
    assert str(held.problem) == "a message may have 10000 bytes: send smaller ones"


async def test_who_vanishes_frees_the_seat(hub: Hub) -> None:
    async with hub.tv.stream_socket(f"/cam.mp4?token={hub.token()}"):
        await until(lambda: hub.tv.channel().publisher)
    await hub.is_free()


@pytest.mark.parametrize("path", ["/a/b.mp4", "/.mp4", "/cam.exe", "/api/wall.mp4"])
async def test_what_is_no_stream_is_not_found(hub: Hub, path: str) -> None:
    async with Stream.open(hub.tv.port, f"{path}?token={hub.token('*')}", websocket=True) as stream:
        assert stream.status == 404


async def test_pages_of_other_sites_cannot_publish(hub: Hub) -> None:
    path, headers = f"/cam.mp4?token={hub.token()}", {"Origin": "https://elsewhere.example"}
    async with Stream.open(hub.tv.port, path, headers, websocket=True) as stream:
        assert stream.status == 403
    assert hub.tv.channel().publisher is None


async def test_who_asks_for_televise_v1_watches_whatever_the_key_allows(hub: Hub) -> None:
    headers = {"Authorization": f"Bearer {hub.token()}"}
    url = f"http://{hub.tv.authority}/cam.mp4"
    async with hub.tv.session.ws_connect(url, protocols=["televise.v1"], headers=headers) as viewer:
        assert json.loads((await viewer.receive()).data)["type"] == "hello"
        assert hub.tv.channel().publisher is None
