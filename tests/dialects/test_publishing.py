"""The originals' own ways in: with a key, and for one publisher at a time."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from televise.dialects import parse_dialect
from tests.conftest import Needs
from tests.ingest.publishers import BLUE, RED, Hub, film, picture, publishable, publisher


@asynccontextmanager
async def speaking(dialect: str, folder: Path) -> AsyncIterator[tuple[Hub, list[int]]]:
    async with publishable(folder, dialects=[parse_dialect(f"{dialect}@0")]) as hub:
        yield hub, [mounted.port for mounted in hub.tv.server.dialects]


async def post(hub: Hub, port: int, path: str, data: bytes | AsyncIterator[bytes]) -> int:
    url = f"http://127.0.0.1:{port}{path}"
    async with hub.tv.session.post(url, data=data) as answer:
        return answer.status


async def test_pictures_of_live_thumb(tmp_path: Path) -> None:
    async with speaking("live_thumb", tmp_path) as (hub, (port,)):
        path = f"/pub?id=cam&token={hub.token()}"
        async with sending(hub, port, path, [picture(RED, "JPEG") * 3]):
            await hub.shows("red")
            async with hub.tv.session.get(f"http://127.0.0.1:{port}/snapshot/cam") as answer:
                assert answer.content_type == "image/jpeg"


@asynccontextmanager
async def sending(hub: Hub, port: int, path: str, parts: Iterable[bytes]) -> AsyncIterator[None]:
    """Publish while the block runs: of one who has gone there is a slate."""
    over = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        for part in parts:
            yield part
        await over.wait()

    sent = asyncio.create_task(post(hub, port, path, body()))
    yield
    over.set()
    assert await sent == 200


def pieces(data: bytes) -> Iterator[bytes]:
    """As the network may cut it."""
    for start in range(0, len(data), 7):
        yield data[start : start + 7]


async def test_pictures_of_live_thumb_as_text(tmp_path: Path) -> None:
    """Its own publisher may send base64, for clients of the WebSocket."""
    async with speaking("live_thumb", tmp_path) as (hub, (port,)):
        path = f"/pub?id=cam&token={hub.token()}"
        text = base64.b64encode(picture(RED, "JPEG"))
        wrapped = base64.encodebytes(picture(BLUE, "JPEG")) * 3
        async with sending(hub, port, path, [text]):
            await hub.shows("red")
        await hub.is_free()
        async with sending(hub, port, path, pieces(wrapped)):
            await hub.shows("blue")
        await hub.is_free()
        assert await post(hub, port, path, b"/9j/4AAQ" + b"=%&?" * 9) == 415
        await hub.is_free()


async def test_live_thumb_wants_a_key_and_a_channel(tmp_path: Path) -> None:
    async with speaking("live_thumb", tmp_path) as (hub, (port,)):
        data = picture(RED, "JPEG")
        assert await post(hub, port, "/pub?id=cam", data) == 401
        assert await post(hub, port, f"/pub?id=roof&token={hub.token('roof')}", data) == 404
        assert await post(hub, port, f"/pub?id=roof&token={hub.token()}", data) == 403
        assert await post(hub, port, f"/pub?id=cam&token={hub.token('door')}", data) == 403
        assert hub.tv.channel().publisher is None


async def test_a_transport_stream_for_jsmpeg(tmp_path: Path, needs: Needs) -> None:
    needs("ffmpeg")
    async with speaking("jsmpeg_relay", tmp_path) as (hub, ports):
        assert len(ports) == 2
        url = f"http://127.0.0.1:{ports[0]}/{hub.token()}"
        with publisher(url, "blue"):
            await hub.shows("blue")
            sockets = f"http://127.0.0.1:{ports[1]}/"
            async with hub.tv.session.ws_connect(sockets, protocols=["null"]) as viewer:
                async with asyncio.timeout(30):
                    message = await viewer.receive()
                assert message.type == aiohttp.WSMsgType.BINARY
                assert message.data[0] == 0x47
            assert await post(hub, ports[1], f"/{hub.token()}", film("ts", 0.2)) == 409


async def test_a_wrong_secret_is_403_and_nothing_of_it_is_relayed(
    tmp_path: Path, needs: Needs
) -> None:
    needs("ffmpeg")
    async with speaking("jsmpeg_relay", tmp_path) as (hub, ports):
        for port in ports:
            for secret in ("", "supersecret", hub.token("door")):
                assert await post(hub, port, f"/{secret}", film("ts", 0.2)) == 403
        # As other wrong keys, it is counted: guesses wait.
        assert hub.tv.server._suspects.wrong == len(ports)
        assert (hub.tv.channel().publisher, hub.tv.channel().was_live) == (None, False)
