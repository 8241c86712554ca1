"""Limits of size and number that an operator sets: refused clearly, told by the metrics, changed
while it runs; and who watches notices nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from televise import events
from televise.ingest.link import FIELDS_BYTES
from televise.link.messages import Hello, Media
from televise.link.protocol import VERSION, encode
from televise.model import refusals
from televise.model.allowed import ALLOWED
from televise.model.packet import Packet
from televise.web.trust.keys import Grant
from tests.formats.rtmp_publisher import HANDSHAKE, opening
from tests.ingest.publishers import RED, Hub, picture, publishable
from tests.support.server import SMALL
from tests.support.told import Told, told
from tests.support.waiting import LIMIT_SECONDS, until
from tests.support.wire import BINARY, CLOSE, connect, exchange, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOURCES = ("cam=publish:", f"pattern={SMALL}")
SIZES = ("header_kilobytes", "body_kilobytes", "picture_megabytes", "message_megabytes", "pixels")
LEAST: dict[str, Any] = {f"max_{name}": ALLOWED[name].least for name in SIZES}
# As many as what is watched beside has.
LEAST["max_pixels"] = 160 * 120
MEGABYTE = 1 << 20


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    """All of these as small as they may be."""
    folder = tmp_path_factory.mktemp("keys")
    async with publishable(folder, *SOURCES, rtmp_port=0, **LEAST) as running:
        await running.tv.is_live("pattern")
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def viewer(hub: Hub) -> AsyncIterator[Told]:
    """Who watches, and misses nothing."""
    async with told(hub.tv.port, "/pattern.mp4") as viewer:
        await viewer.gets(3)
        yield viewer
        await viewer.gets(3)
        viewer.check_unbroken()


async def metric(hub: Hub, name: str) -> float:
    async with hub.tv.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    (value,) = [line.rpartition(" ")[2] for line in lines if line.startswith(f"{name} ")]
    return float(value)


@contextlib.asynccontextmanager
async def refusing(hub: Hub, limit: str) -> AsyncIterator[None]:
    """In the block this limit turns somebody away once."""
    name = f'televise_refused_total{{limit="{limit}"}}'
    before = await metric(hub, name)
    yield
    assert await metric(hub, name) == before + 1


@pytest.mark.parametrize("limit", ALLOWED)
async def test_each_is_told(hub: Hub, limit: str) -> None:
    allowed = await metric(hub, f'televise_limit{{limit="{limit}"}}')
    if limit in SIZES:
        assert allowed == LEAST[f"max_{limit}"]
    elif ALLOWED[limit].usual:
        assert allowed == ALLOWED[limit].usual
    else:
        assert allowed > 0, "as this machine has it"
    refused = await metric(hub, f'televise_refused_total{{limit="{limit}"}}')
    assert refused == refusals.counts[limit]


async def test_a_header(hub: Hub, viewer: Told) -> None:
    def asking(length: int) -> bytes:
        return request("/healthz", hub.tv.port, {"Cookie": "a" * length, "Connection": "close"})

    assert b" 200 " in await exchange(hub.tv.port, asking(3000))
    async with refusing(hub, "header_kilobytes"):
        answer = await exchange(hub.tv.port, asking(4100))
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert answer.endswith(b"a header may have 4 KiB: send fewer or shorter fields\n")


async def test_json(hub: Hub, viewer: Told) -> None:
    token = hub._keys.sign(Grant("new", "admin"), 600)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for length, status in ((1000, 400), (1025, 413)):
        body = b'"' + b"a" * (length - 2) + b'"'
        async with hub.tv.get("/api/channels/new", "PUT", data=body, headers=headers) as answer:
            assert answer.status == status
            text = (await answer.json())["error"]
    assert text == "JSON may have 1 KiB"
    assert await metric(hub, 'televise_refused_total{limit="body_kilobytes"}') >= 1


async def test_a_picture(hub: Hub, viewer: Told) -> None:
    allowed = picture(RED, "PNG", (160, 120))
    async with refusing(hub, "picture_megabytes"):
        status, text = await hub.send("/cam.png", allowed + bytes(MEGABYTE))
    assert (status, text) == (413, "a picture must have at most 1 MB\n")
    async with refusing(hub, "pixels"):
        status, text = await hub.send("/cam.png", picture(RED, "PNG", (160, 121)))
    assert (status, text) == (413, "the picture has 160x121 pixels; the limit is 19200\n")
    assert hub.tv.channel().publisher is None
    assert await hub.send("/cam.png", allowed) == (204, "")
    await hub.tv.is_live()
    publisher = await until(lambda: hub.tv.channel().publisher)
    assert publisher is not None
    publisher.send_away("that was it")
    await hub.is_free()


async def test_pixels_of_a_stream_before_it_is_decoded(hub: Hub, viewer: Told) -> None:
    status, text = await hub.send("/cam.mjpg", 3 * picture(RED, "JPEG", (160, 121)))
    assert (status, text) == (
        415,
        "what is published: its pictures have 160x121 pixels; the limit is 19200\n",
    )
    await hub.is_free()


@pytest.mark.parametrize("size", [MEGABYTE, MEGABYTE + 1])
async def test_a_message_of_a_websocket(hub: Hub, viewer: Told, size: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        stream = await stack.enter_async_context(
            hub.tv.stream_socket(f"/cam.ts?token={hub.token()}")
        )
        publisher = await until(lambda: hub.tv.channel().publisher)
        if size > MEGABYTE:
            await stack.enter_async_context(refusing(hub, "message_megabytes"))
        stream.send(BINARY, bytes(size))
        if size > MEGABYTE:
            assert (await stream.frame()).code == 1009
        else:
            assert publisher is not None
            await until(lambda: publisher.received == size)
    await hub.is_free()


@pytest.mark.parametrize("size", [MEGABYTE + FIELDS_BYTES, MEGABYTE + FIELDS_BYTES + 1])
async def test_a_message_of_a_link(hub: Hub, viewer: Told, size: int) -> None:
    path = f"/api/link/cam/publish?token={hub.token()}"
    headers = {"Sec-WebSocket-Protocol": "televise.link.v1"}
    async with contextlib.AsyncExitStack() as stack:
        stream = await stack.enter_async_context(hub.tv.stream_socket(path, headers=headers))
        publisher = await until(lambda: hub.tv.channel().publisher)
        if size > MEGABYTE + FIELDS_BYTES:
            await stack.enter_async_context(refusing(hub, "message_megabytes"))
        hello = encode(Hello(VERSION))
        stream.send(BINARY, hello)
        stream.send(BINARY, media(size))
        if size > MEGABYTE + FIELDS_BYTES:
            while (frame := await stream.frame()).opcode != CLOSE:
                pass
            assert frame.code == 1009
        else:
            assert publisher is not None
            await until(lambda: publisher.received == len(hello) + size)
    await hub.is_free()


def media(size: int) -> bytes:
    """A packet that is so long with all that stands beside it."""
    packet = Packet(0, 1, 1, b"", 0, 0, 1, True, 1, 0.0)
    fields = len(encode(Media(1, packet)))
    return encode(Media(1, replace(packet, data=bytes(size - fields))))


async def test_a_message_of_rtmp(hub: Hub, viewer: Told) -> None:
    """Its connection ends, for RTMP has no words for it."""
    reader, writer = await connect(hub.tv.server.rtmp_port)
    try:
        writer.write(opening(f"cam?token={hub.token()}"))
        await until(lambda: hub.tv.channel().publisher)
        async with refusing(hub, "message_megabytes"):
            length = MEGABYTE + 1
            writer.write(b"\x04\0\0\0" + length.to_bytes(3, "big") + b"\x09\x01\0\0\0")
            with contextlib.suppress(ConnectionError):
                assert len(await reader.read(1 << 20)) >= len(HANDSHAKE)
                while await reader.read(1 << 20):
                    pass
    finally:
        writer.transport.abort()
    await hub.is_free()


async def test_what_is_there_stays_when_they_change(tmp_path: Path) -> None:
    """Who watches and who publishes; what comes after that has to obey."""
    async with publishable(tmp_path, *SOURCES) as hub:
        await hub.tv.is_live("pattern")
        server, pattern = hub.tv.server, hub.tv.channel("pattern")
        async with (
            told(hub.tv.port, "/pattern.mp4") as viewer,
            hub.tv.stream_socket(f"/cam.ts?token={hub.token()}") as publisher,
        ):
            await viewer.gets(3)
            sits, worker = await until(lambda: hub.tv.channel().publisher), pattern.worker
            assert sits is not None
            specs = [channel.spec for channel in hub.tv.server.hub.channels]
            assert await server.change(specs, replace(server._settings, **LEAST)) == []
            async with hub.tv.get("/healthz", headers={"Cookie": "a" * 4100}) as answer:
                assert answer.status == 431
            assert await metric(hub, 'televise_limit{limit="message_megabytes"}') == 1
            # It came when they were longer.
            publisher.send(BINARY, bytes(2 * MEGABYTE))
            await until(lambda: sits.received == 2 * MEGABYTE)
            await viewer.gets(3)
            viewer.check_unbroken()
            assert pattern.worker == worker


async def test_what_of_the_past_is_kept_can_change(tmp_path: Path) -> None:
    async with publishable(tmp_path, "cam=pattern:?size=640x480&fps=30", "in=publish:") as hub:
        server = hub.tv.server
        await hub.tv.is_live()
        await _looks_back(hub, 200)
        worker = hub.tv.channel().worker
        server.hub.allow(replace(server.hub._allowed, kept=1))
        await _looks_back(hub, 503)
        # Of the one that is started now, too.
        server.hub.allow(replace(server.hub._allowed, pixels=4096))
        large, token = 3 * picture(RED, "JPEG", (65, 64)), hub.token("in")
        assert (await hub.send("/in.mjpg", large, token))[0] == 415
        assert hub.tv.channel().worker == worker


async def _looks_back(hub: Hub, status: int) -> None:
    """A second; until it is answered so."""
    async with hub.tv.stream("/cam.mjpg"), asyncio.timeout(LIMIT_SECONDS):
        seen = 0
        while seen != status:
            async with hub.tv.get("/cam.jpg?t=-1s") as answer:
                seen = answer.status


async def test_lines_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_rate", events._Rate())
    async with publishable(tmp_path, max_log_lines=3) as hub:
        name = 'televise_refused_total{limit="log_lines"}'
        before = await metric(hub, name)
        for number in range(100):
            events.warning(f"warning {number}")
        while await metric(hub, name) < before + 90:
            pass


async def test_they_hold_in_fan_out_processes(tmp_path: Path) -> None:
    settings = {**LEAST, "workers": 2}
    async with publishable(tmp_path, *SOURCES, **settings) as hub:
        await hub.tv.is_live("pattern")
        server, specs = hub.tv.server, [each.spec for each in hub.tv.server.hub.channels]

        async def answered(length: int) -> bytes:
            headers = {"Cookie": "a" * length, "Connection": "close"}
            asking = request("/pattern.jpg", hub.tv.port, headers)
            return (await exchange(hub.tv.port, asking))[:12]

        assert [await answered(4100) for _ in range(8)] == [b"HTTP/1.1 431"] * 8
        assert await hub.send("/cam.png", bytes(MEGABYTE + 1)) == (
            413,
            "a picture must have at most 1 MB\n",
        )
        async with hub.tv.stream_socket(f"/cam.ts?token={hub.token()}") as stream:
            stream.send(BINARY, bytes(MEGABYTE + 1))
            assert (await stream.frame()).code == 1009
        await server.change(specs, replace(server._settings, max_header_kilobytes=16))
        while {await answered(4100) for _ in range(8)} != {b"HTTP/1.1 200"}:
            pass
