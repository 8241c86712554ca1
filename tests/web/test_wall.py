"""The wall: many channels over one WebSocket."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.support.server import Serving, serving
from tests.support.waiting import until

SMALL = "pattern:?size=160x120&fps=15"


@pytest.fixture
async def tv() -> AsyncIterator[Serving]:
    async with serving(f"cam={SMALL}", f"door={SMALL}") as running:
        yield running


@contextlib.asynccontextmanager
async def wall(tv: Serving) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url = f"http://127.0.0.1:{tv.port}/api/wall"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, protocols=["televise.v1"]) as socket,
    ):
        yield socket


async def text(socket: aiohttp.ClientWebSocketResponse, kind: str, **values: object) -> Any:
    """The next text of this kind and content; what comes before it is passed over."""
    while True:
        message = await socket.receive(timeout=40)
        assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
        if message.type == aiohttp.WSMsgType.TEXT:
            said = json.loads(message.data)
            if said["type"] == kind and all(said[key] == values[key] for key in values):
                return said


async def test_two_channels_come_over_one_connection(tv: Serving) -> None:
    async with wall(tv) as socket:
        await text(socket, "hello")
        await socket.send_json({"type": "watch", "channel": "cam"})
        await socket.send_json({"type": "watch", "channel": "door", "w": 64, "fps": 5})
        for name in ("cam", "door", "cam", "door"):
            said = await text(socket, "chunk", channel=name)
            assert said["track"] == "video"
            picture = await socket.receive_bytes(timeout=40)
            assert picture.startswith(b"\xff\xd8\xff")
        assert tv.server.hub.channel("door").encodings[0].rendition.w == 64


async def test_what_is_unwatched_is_encoded_no_more(tv: Serving) -> None:
    async with wall(tv) as socket:
        await socket.send_json({"type": "watch", "channel": "cam"})
        await text(socket, "chunk", channel="cam")
        assert tv.channel("cam").encodings[0].users == 1
        await socket.send_json({"type": "unwatch", "channel": "cam"})
        await until(lambda: all(not each.users for each in tv.channel("cam").encodings))
        await socket.send_json({"type": "watch", "channel": "door"})
        await text(socket, "chunk", channel="door")


async def test_walls_share_what_is_made_for_them(tv: Serving) -> None:
    async with (
        wall(tv) as one,
        wall(tv) as other,
    ):
        for socket in (one, other):
            await socket.send_json({"type": "watch", "channel": "cam", "w": 64})
            await text(socket, "init", channel="cam")
        (encoding,) = tv.channel("cam").encodings
        assert encoding.users == 2
        assert len(encoding._muxed) == 1


async def test_a_channel_that_cannot_be_had_disturbs_no_other(tv: Serving) -> None:
    async with wall(tv) as socket:
        await socket.send_json({"type": "watch", "channel": "cam"})
        await socket.send_json({"type": "watch", "channel": "attic"})
        assert "attic" in (await text(socket, "error", channel="attic"))["text"]
        await socket.send_json({"type": "watch", "channel": "door", "w": 5000})
        assert "w=5000" in (await text(socket, "error", channel="door"))["text"]
        await text(socket, "chunk", channel="cam")


async def test_a_report_of_a_channel_that_has_gone_disturbs_no_other(tv: Serving) -> None:
    async with wall(tv) as socket:
        report = {"type": "report", "rung": "mjpeg", "age_ms": 90, "fps": 15, "stalls": 0}
        await socket.send_json(report | {"channel": "attic"})
        await socket.send_json({"type": "watch", "channel": "cam"})
        await text(socket, "chunk", channel="cam")


async def test_the_time_is_told(tv: Serving) -> None:
    async with wall(tv) as socket:
        await socket.send_json({"type": "clock", "client": 12.5})
        assert (await text(socket, "clock"))["client"] == 12.5


@pytest.mark.parametrize("value", ["true", '"64"', "[]", "{}", "-1", "5000", "9" * 400, "1e15"])
@pytest.mark.parametrize("key", ["w", "h", "fps", "q"])
async def test_what_no_picture_can_have_is_told(
    tv: Serving, key: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[str] = []
    monkeypatch.setattr("televise.events.error", failed.append)
    async with wall(tv) as socket:
        await socket.send_str(f'{{"type":"watch","channel":"cam","{key}":{value}}}')
        if value in ("[]", "{}"):  # what is empty is no wish
            await text(socket, "chunk", channel="cam")
        else:
            assert key in (await text(socket, "error", channel="cam"))["text"]
    assert failed == []


RUBBISH = [
    "rubbish",
    "[]",
    "null",
    '{"type":"watch"}',
    '{"type":"watch","channel":7}',
    '{"type":"watch","channel":"cam","w":1e999}',
    '{"type":"watch","channel":"cam","fps":NaN}',
    '{"type":"clock","client":NaN}',
    '{"type":"clock","client":"12"}',
    '{"type":"clock","client":' + "9" * 400 + "}",
    '{"type":"report","channel":"cam","rung":"mse","age_ms":"old"}',
]


@pytest.mark.parametrize(("said", "code"), [*((each, 1008) for each in RUBBISH), (b"\0", 1003)])
async def test_rubbish_is_sent_away(
    tv: Serving, said: str | bytes, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr("televise.events._emit", lambda _level, event, _fields: lines.append(event))
    async with wall(tv) as socket:
        await (socket.send_bytes(said) if isinstance(said, bytes) else socket.send_str(said))
        while (message := await socket.receive(timeout=40)).type == aiohttp.WSMsgType.TEXT:
            assert json.loads(message.data)["type"] == "hello"
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert socket.close_code == code
    assert lines.count("viewer sent away") == 1


async def test_its_end_frees_everything(tv: Serving) -> None:
    async with wall(tv) as socket:
        for name in ("cam", "door"):
            await socket.send_json({"type": "watch", "channel": name})
            await text(socket, "chunk", channel=name)
    for name in ("cam", "door"):
        channel = tv.channel(name)
        await until(lambda channel=channel: all(not each.users for each in channel.encodings))  # type: ignore[misc]
