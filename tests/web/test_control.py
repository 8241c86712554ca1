"""Channels made and ended by the API: with the right key, and only what may be asked for."""

import io
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from PIL import Image

from televise.ingest import rtmp_port
from televise.web.trust.keys import Grant, Keys
from tests.sources.web_server import WebServer, content
from tests.support.server import Serving, serving
from tests.support.waiting import until
from tests.support.wire import connect

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Serving, Keys]]:
    path = tmp_path_factory.mktemp("keys") / "key"
    async with serving(key_file=path) as running:
        yield running, Keys(path)


def make_picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (160, 120), "white").save(file, "jpeg")
    return file.getvalue()


def bearer(keys: Keys, channel: str = "new", can: str = "admin") -> dict[str, str]:
    return {"Authorization": f"Bearer {keys.sign(Grant(channel, can), 60)}"}


async def put(live: Serving, name: str, values: Any, headers: dict[str, str]) -> tuple[int, str]:
    async with live.get(f"/api/channels/{name}", "PUT", json=values, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_a_channel_is_made_and_ended(live: tuple[Serving, Keys]) -> None:
    server, keys = live
    headers = bearer(keys)
    assert (await put(server, "new", {"source": "publish:"}, headers))[0] == 201
    assert (await server.json("/api/channels/new"))["source"] == "publish:"
    status, text = await put(server, "new", {"source": "publish:"}, headers)
    assert status == 409
    assert "DELETE it before" in text
    async with server.get("/api/channels/new", "DELETE", headers=headers) as answer:
        assert answer.status == 204
    async with server.get("/api/channels/new") as answer:
        assert answer.status == 404


async def test_a_channel_that_is_made_is_there_for_rtmp_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtmp_port, "USUAL", 0)
    async with serving(key_file=tmp_path / "key") as server:
        assert server.server.rtmp_port == 0, "nothing can be published"
        headers = bearer(Keys(tmp_path / "key"))
        assert (await put(server, "new", {"source": "publish:"}, headers))[0] == 201
        _, writer = await connect(await until(lambda: server.server.rtmp_port))
        writer.close()


@pytest.mark.parametrize(
    "source",
    [
        *("exec:id", "ffmpeg:-i", "pipe:0", "concat:a|b", "subfile:,,start,0,end,9,,:/etc/passwd"),
        *("lavfi:testsrc", "tee:x", "-", "/etc/passwd", "file:///etc/passwd", "dir:/", "screen:"),
        *("device:/dev/video0", "pattern:", "rtsp://camera/x", "udp://:99", "guarded+http://x/"),
        *("", "frames:/tmp/x", "data:video/mp4;base64,AAAA"),
    ],
)
async def test_only_the_web_can_be_asked_for(live: tuple[Serving, Keys], source: str) -> None:
    server, keys = live
    status, text = await put(server, "new", {"source": source}, bearer(keys))
    assert (status, text.count("\n")) == (400, 0)
    assert not server.server.hub.has("new")


@pytest.mark.parametrize(
    "values", [{}, [], "publish:", {"source": 1}, {"source": "publish:", "a": 1}]
)
async def test_what_is_no_request(live: tuple[Serving, Keys], values: Any) -> None:
    server, keys = live
    assert (await put(server, "new", values, bearer(keys)))[0] == 400


async def test_the_key_must_be_one_and_for_this(live: tuple[Serving, Keys]) -> None:
    server, keys = live
    wish = {"source": "publish:"}
    assert (await put(server, "new", wish, {}))[0] == 401
    assert (await put(server, "new", wish, {"Authorization": "Bearer x"}))[0] == 401
    assert (await put(server, "new", wish, bearer(keys, can="publish")))[0] == 403
    assert (await put(server, "news", wish, bearer(keys)))[0] == 403
    # In a URL it would be in logs, and any page could send it.
    token = keys.sign(Grant("new", "admin"), 60)
    assert (await put(server, f"new?token={token}", wish, {}))[0] == 401
    assert not server.server.hub.has("new")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
async def test_forms_are_not_understood(live: tuple[Serving, Keys], kind: str) -> None:
    server, keys = live
    headers = bearer(keys) | {"Content-Type": kind}
    data = b'{"source": "publish:"}'
    async with server.get("/api/channels/new", "PUT", data=data, headers=headers) as answer:
        assert answer.status == 415
    assert not server.server.hub.has("new")


async def test_viewers_of_a_channel_that_is_ended_are_sent_away(
    live: tuple[Serving, Keys],
) -> None:
    server, keys = live
    headers = bearer(keys)
    await put(server, "new", {"source": "publish:"}, headers)
    async with server.session.ws_connect(f"http://{server.authority}/new.mp4") as viewer:
        async with server.get("/api/channels/new", "DELETE", headers=headers) as answer:
            assert answer.status == 204
        message = await viewer.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)


async def test_a_camera_of_the_local_network_where_the_operator_allows_that(
    live: tuple[Serving, Keys], tmp_path: Path
) -> None:
    picture = make_picture()
    with WebServer(content(picture, "image/jpeg")) as camera:
        source = {"source": camera.url("/shot.jpg")}
        path, networks = tmp_path / "key", [ip_network("127.0.0.0/8")]
        async with serving(key_file=path, source_networks=networks) as running:
            assert (await put(running, "new", source, bearer(Keys(path))))[0] == 201
            await until(lambda: running.channel("new").state == "live")
        seen = len(camera.paths)
        server, keys = live
        assert (await put(server, "new", source, bearer(keys)))[0] == 201
        await until(lambda: server.channel("new").state == "offline")
        assert "127.0.0.1 is not a public address" in server.channel("new").text
        assert len(camera.paths) == seen > 0
    async with server.get("/api/channels/new", "DELETE", headers=bearer(keys)) as answer:
        assert answer.status == 204
