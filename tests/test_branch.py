"""Two fan-out processes and their hub: whichever is asked, it is one server."""

import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from televise.dialects import parse_dialect
from televise.errors import InputError
from televise.fanout import crew as crew_module
from televise.hub import supervisor as supervisor_module
from televise.link.messages import Note
from televise.model import refusals
from televise.model.backoff import Backoff
from televise.web.trust.keys import Grant
from televise.web.trust.suspects import Suspects
from tests.conftest import Needs
from tests.hub.hubs import has, hub, taking, to
from tests.ingest.publishers import (
    RED,
    Hub,
    picture,
    publishable,
    publisher,
    sent_in_chunks,
)
from tests.support.server import SMALL
from tests.support.spread import at
from tests.support.waiting import until
from tests.support.wire import BINARY, CLOSE, TEXT, Frame, Stream

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOLD = {"Sec-WebSocket-Protocol": "televise.v1"}


class Fans(Hub):
    """A hub with two fan-out processes."""

    @property
    def pids(self) -> list[int]:
        crew = self.tv.server._crew
        assert crew is not None
        return [member.worker or 0 for member in crew.members]

    def at(
        self, pid: int, path: str, port: int = 0, **how: Any
    ) -> AbstractAsyncContextManager[Stream]:
        return at(pid, self.pids, port or self.tv.port, path, **how)

    async def ask(self, pid: int, path: str, headers: dict[str, str] | None = None) -> bytes:
        """The body of an answer with an end."""
        close = {"Connection": "close", **(headers or {})}
        async with self.at(pid, path, headers=close) as stream:
            assert stream.status == 200, stream.head
            return await stream.rest()

    async def json(self, pid: int, path: str) -> Any:
        return json.loads(await self.ask(pid, path))

    async def metrics(self, pid: int) -> dict[str, float]:
        lines = (await self.ask(pid, "/metrics")).decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs if name.startswith("televise_")}

    async def count(self, viewers: int) -> None:
        """Wait until it knows that so many watch."""
        await until(lambda: self.tv.edge.census.viewers(self.tv.channel()) == viewers)

    def admin(self, name: str) -> dict[str, str]:
        token = self._keys.sign(Grant(name, "admin"), 600)
        return {"Authorization": f"Bearer {token}"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fans]:
    folder = tmp_path_factory.mktemp("keys")
    relay = parse_dialect("jsmpeg_relay=live@0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervisor_module, "Backoff", lambda: Backoff(0.02, 0.02))
        async with publishable(
            folder, f"cam={SMALL}", "live=publish:", workers=2, dialects=[relay]
        ) as hub:
            await hub.tv.is_live()
            yield Fans(hub.tv, hub._keys)


@pytest_asyncio.fixture(loop_scope="module")
async def fans(shared: Fans) -> AsyncIterator[Fans]:
    """It, with nobody there at the begin and the end of a test."""
    yield shared
    await until(lambda: shared.tv.edge.admission.count == 0)
    await shared.count(0)


async def texts(stream: Stream, kind: str) -> dict[str, Any]:
    """The next text of this type."""
    while True:
        frame = await stream.frame()
        if frame.opcode == TEXT and frame.json["type"] == kind:
            found: dict[str, Any] = frame.json
            return found


async def closed(stream: Stream) -> Frame:
    while (frame := await stream.frame()).opcode != CLOSE:
        pass
    return frame


async def test_viewers_are_spread_and_everybody_knows_of_all(fans: Fans) -> None:
    tv = fans.tv
    async with AsyncExitStack() as stack:
        for pid in fans.pids:
            for path in ("/cam.mjpg", "/cam.mjpg", "/cam.mp4"):
                stream = await stack.enter_async_context(fans.at(pid, path))
                assert stream.status == 200
                await stream.exactly(100)
        await fans.count(6)
        assert tv.watching == 6
        assert all(viewer.relays for viewer in tv.edge.census.fed_with(tv.channel())), (
            "not the hub itself"
        )
        one, other = [await fans.json(pid, "/api/channels") for pid in fans.pids]
        for channel in one["channels"] + other["channels"]:
            assert channel.pop("seconds") > 0, "one was asked after the other"
        assert one == other
        assert one["channels"][0]["viewers"] == 6
        users = {each["video"]: each["users"] for each in one["channels"][0]["renditions"]}
        assert users == {"mjpeg": 4, "h264": 2}
        for pid in fans.pids:
            metrics = await fans.metrics(pid)
            assert metrics['televise_viewers{channel="cam"}'] == 6
            assert metrics["televise_fan_out_processes"] == 2
            topology = await fans.json(pid, "/api/topology")
            assert [each["viewers"]["cam"] for each in topology["processes"]] == [3, 3]
            assert topology["node"] == tv.server.hub.node
    await fans.count(0)
    sent = [(await fans.metrics(pid))["televise_chunks_sent_total"] for pid in fans.pids]
    assert sent[0] == sent[1] >= 6


async def test_one_that_is_killed_is_replaced_and_the_others_go_on(fans: Fans) -> None:
    tv = fans.tv
    doomed, other = fans.pids
    async with AsyncExitStack() as stack:
        how: dict[str, Any] = {"headers": TOLD, "websocket": True}
        stays = await stack.enter_async_context(fans.at(other, "/cam.mjpg", **how))
        goes = await stack.enter_async_context(fans.at(doomed, "/cam.mjpg", **how))
        numbers = [(await texts(stays, "chunk"))["sequence"]]
        await texts(goes, "chunk")
        await fans.count(2)
        os.kill(doomed, signal.SIGKILL)
        await goes.rest()
        await until(lambda: tv.edge.admission.count == 1)
        back = await stack.enter_async_context(tv.told("/cam.mjpg"))
        await texts(back, "chunk")
        await until(lambda: fans.pids[0] not in (0, doomed) and len(tv.edge.census.shares) == 2)
        async with fans.at(fans.pids[0], "/cam.mjpg") as again:
            assert again.status == 200
            await again.exactly(1000)
        newest = (await texts(back, "chunk"))["sequence"]
        while numbers[-1] < newest:
            numbers.append((await texts(stays, "chunk"))["sequence"])
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert len(numbers) > 2
    assert fans.pids[1] == other


async def test_limits_hold_for_all_together(fans: Fans, monkeypatch: pytest.MonkeyPatch) -> None:
    admission = fans.tv.edge.admission
    monkeypatch.setattr(admission, "_most_per_address", 3)
    refused = refusals.counts["viewers_per_address"]
    one, other = fans.pids
    async with AsyncExitStack() as stack:
        for pid in (one, other, one):
            await stack.enter_async_context(fans.at(pid, "/cam.mjpg"))
        for pid in fans.pids:
            async with fans.at(pid, "/cam.mjpg") as stream:
                assert stream.status == 503
                assert stream.headers["retry-after"] == "5"
        # Some may have come to the other process first.
        now = refusals.counts["viewers_per_address"]
        assert now >= refused + 2
        told = await fans.metrics(one)
        assert told['televise_refused_total{limit="viewers_per_address"}'] == now
    await until(lambda: admission.count == 0)
    async with fans.at(other, "/cam.mjpg") as stream:
        assert stream.status == 200


async def test_a_channel_has_so_many_viewers_wherever_they_come(
    fans: Fans, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wall is one more of them; who watches another channel is not."""
    monkeypatch.setattr(fans.tv.edge.admission, "_most_per_channel", 2)
    one, other = fans.pids
    async with AsyncExitStack() as stack:
        for pid in fans.pids:
            await stack.enter_async_context(fans.at(pid, "/cam.mjpg"))
        for pid in fans.pids:
            async with fans.at(pid, "/cam.mp4") as stream:
                assert stream.status == 503
        async with fans.at(one, "/api/wall", websocket=True) as wall:
            wall.say(json.dumps({"type": "watch", "channel": "cam", "w": 96}))
            while (told := (await wall.frame()).json)["type"] != "error":
                pass
            assert told["text"] == "cam has 2 viewers already: try again later"
    async with fans.at(other, "/cam.mjpg") as stream:
        assert stream.status == 200


async def test_publishers_come_to_any(fans: Fans) -> None:
    red = picture(RED, "JPEG")
    for pid in fans.pids:
        path = f"/live.mjpg?token={fans.token('live')}"
        async with fans.at(pid, path, websocket=True) as stream:
            for _ in range(3):
                stream.send(BINARY, red)
            await fans.shows("red", "live")
            assert await fans.send("/live.mjpg", red, fans.token("live")) == (
                409,
                "somebody publishes live already: stop that, or take it over\n",
            )
            stream.send(CLOSE, (1000).to_bytes(2, "big"))
            assert (await closed(stream)).code == 1000
        await fans.is_free("live")
        async with fans.at(pid, "/live.mjpg?token=nonsense", websocket=True) as stream:
            frame = await closed(stream)
            assert (frame.code, frame.payload[2:]) == (
                1008,
                b"this key is not valid here: see televise token",
            )
    status, text = await fans.send("/live.mjpg", red * 3, fans.token("live"))
    assert (status, json.loads(text)) == (200, {"received": 3 * len(red)})
    async with fans.tv.get("/live.mjpg", "POST", data=red) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="televise"'
    async with fans.tv.get("/live/publish") as answer:
        assert answer.status == 200
        assert "publish" in await answer.text()


async def test_a_body_that_is_no_http(fans: Fans) -> None:
    chunks = b"ten\r\nhello\r\n0\r\n\r\n"
    for path in ("/live.ts", "/api/channels/live"):
        answer = await sent_in_chunks(fans, path, chunks, "at once", "live")
        assert answer.startswith(b"HTTP/1.1 400 "), answer
        assert b"nvalid character in chunk size" in answer
    await fans.is_free("live")


async def test_channels_come_and_go_for_all(fans: Fans) -> None:
    tv, path = fans.tv, "/api/channels/new"
    headers, source = fans.admin("new"), {"source": "publish:"}
    async with tv.get(path, "PUT", json=source, headers=headers) as answer:
        assert answer.status == 201
    for pid in fans.pids:  # also one that has not heard of it yet
        assert (await fans.json(pid, path))["name"] == "new"
        assert b"<tele-vision" in await fans.ask(pid, "/new")
    async with fans.at(fans.pids[0], "/new.mjpg", websocket=True, headers=TOLD) as stream:
        assert (await texts(stream, "hello"))["channel"] == "new"
        async with tv.get(path, "DELETE", headers=headers) as answer:
            assert answer.status == 204
        assert (await closed(stream)).code == 1001
    for pid in fans.pids:
        async with fans.at(pid, "/new.mjpg") as stream:
            assert stream.status == 404


async def test_walls_and_the_past(fans: Fans) -> None:
    for pid in fans.pids:
        async with fans.at(pid, "/api/wall", websocket=True, headers=TOLD) as wall:
            wall.say(json.dumps({"type": "watch", "channel": "cam"}))
            assert (await texts(wall, "chunk"))["channel"] == "cam"
            await fans.count(1)
        await fans.count(0)
        assert (await fans.ask(pid, "/cam.jpg?t=-100ms"))[:2] == b"\xff\xd8"


async def test_what_players_tell_and_what_programs_tell_them(fans: Fans) -> None:
    tv, heard = fans.tv, []
    channel = tv.channel()
    tv.edge.on_input = lambda name, message: heard.append((name, message["x"]))
    tv.edge.listen(channel)
    metric = 'televise_picture_age_seconds_count{channel="cam",rung="mse"}'
    for number, pid in enumerate(fans.pids, start=1):
        async with fans.at(pid, "/cam.mp4", websocket=True, headers=TOLD) as stream:
            while not (await texts(stream, "hello")).get("input"):
                pass  # it was not known there yet
            await texts(stream, "chunk")
            channel._received(Note(5_000_000, '{"boxes":[]}'))
            assert (await texts(stream, "note"))["data"] == {"boxes": []}
            stream.say(json.dumps({"type": "pointer", "x": number, "y": 0.5, "button": 0}))
            report = {"type": "report", "rung": "mse", "age_ms": 90, "fps": 15, "stalls": 1}
            stream.say(json.dumps(report))
            await until(lambda: len(heard) == number)  # noqa: B023
            stream.say(json.dumps(report | {"age_ms": "soon"}))
            assert (await closed(stream)).code == 1008
    assert heard == [("cam", 1), ("cam", 2)]
    assert [(await fans.metrics(pid))[metric] for pid in fans.pids] == [2, 2]
    stalls = 'televise_player_stalls_total{channel="cam",rung="mse"}'
    assert [(await fans.metrics(pid))[stalls] for pid in fans.pids] == [2, 2]


async def test_dialects_are_served_and_published_into(fans: Fans, needs: Needs) -> None:
    needs("ffmpeg")
    incoming, outgoing = [mounted.port for mounted in fans.tv.server.dialects]
    async with fans.tv.session.post(f"http://127.0.0.1:{incoming}/wrong", data=b"x") as answer:
        assert answer.status == 403
    with publisher(f"http://127.0.0.1:{incoming}/{fans.token('live')}"):
        await fans.tv.is_live("live")
        for pid in fans.pids:
            async with fans.at(pid, "/", outgoing, websocket=True) as stream:
                assert (await stream.frame()).payload[0] == 0x47


async def test_only_our_hosts_and_origins(fans: Fans) -> None:
    tv = fans.tv
    for path in ("/cam.jpg", "/api/channels"):
        async with tv.get(path, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 421
    evil = {"Origin": "http://evil.example"}
    async with tv.get("/live.mjpg", "POST", data=b"x", headers=evil) as answer:
        assert answer.status == 403


async def test_strangers_cannot_say_where_they_are(fans: Fans) -> None:
    """The headers between a fan-out process and its hub are ours alone."""
    forged = {"X-Televise-Address": "10.0.0.1", "X-Televise-Scheme": "https"}
    headers = {"Authorization": f"Bearer {fans.token('live')}", **forged}
    red = picture(RED, "JPEG")
    async with fans.tv.get("/live.jpg", "PUT", data=red, headers=headers) as answer:
        assert answer.status == 204
    publisher = fans.tv.channel("live").publisher
    assert publisher is not None
    assert publisher.address == "127.0.0.1"
    publisher.close()


async def test_a_link_to_another_hub_goes_through(fans: Fans) -> None:
    async with hub(upstreams=to(fans.tv.port)) as below:
        await has(below)
        assert below.channel().path == (fans.tv.server.hub.node,)
        async with taking(below) as taker:
            await taker.take(3)
            links = (await fans.json(fans.pids[0], "/api/topology"))["links"]
            assert below.server.hub.node in {link["node"] for link in links}


async def test_more_than_make_sense(monkeypatch: pytest.MonkeyPatch, fans: Fans) -> None:
    with pytest.raises(InputError, match="64 at most"):
        crew_module.Crew(65, fans.tv.edge, Suspects())
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(InputError, match="only Linux spreads"):
        crew_module.Crew(2, fans.tv.edge, Suspects())
