"""A program's channels inside FastAPI and Starlette, served by uvicorn."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import fastapi
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from yarl import URL

import televise
from televise import Channel, Server
from televise.errors import InputError
from tests.program.test_channel import RED, plain
from tests.support.process import environment
from tests.support.waiting import until


@dataclass
class Site:
    """An application that serves, and a client."""

    url: str
    session: aiohttp.ClientSession
    channel: Channel

    @contextlib.asynccontextmanager
    async def get(self, path: str, method: str = "GET", **more: Any) -> AsyncIterator[Any]:
        async with self.session.request(
            method, URL(f"{self.url}{path}", encoded=True), **more
        ) as answer:
            yield answer

    @contextlib.asynccontextmanager
    async def connect(self, path: str, **more: Any) -> AsyncIterator[Any]:
        async with self.session.ws_connect(f"{self.url}{path}", **more) as opened:
            yield opened


@contextlib.asynccontextmanager
async def serving(app: Any, channel: Channel) -> AsyncIterator[Site]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        options: dict[str, Any] = {"log_level": "error", "ws": "wsproto", "lifespan": "on"}
        config = uvicorn.Config(app, **options, proxy_headers=False)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve([listening]))
        try:
            await until(lambda: server.started)
            async with aiohttp.ClientSession(auto_decompress=False) as session:
                port = listening.getsockname()[1]
                yield Site(f"http://127.0.0.1:{port}", session, channel)
        finally:
            server.should_exit = True
            await running


def fast(hub: Any) -> Any:
    app = fastapi.FastAPI()
    app.mount("/live", televise.asgi(hub))
    return app


def deep(hub: Any) -> Any:
    return Starlette(routes=[Mount("/a", routes=[Mount("/live", app=televise.asgi(hub))])])


@pytest.fixture
async def site(server: Server) -> AsyncIterator[Site]:
    channel = server.channel("cam")
    channel.show(plain(RED))
    async with serving(fast(server), channel) as made:
        yield made


async def test_every_output_is_there(site: Site) -> None:
    for path, kind in {
        "/live/": "text/html",
        "/live/cam": "text/html",
        "/live/cam.jpg": "image/jpeg",
        "/live/cam.mjpg": "multipart/x-mixed-replace",
        "/live/cam.mp4": "video/mp4",
        "/live/cam.gif": "image/gif",
        "/live/assets/televise.js": "text/javascript",
        "/live/api/channels/cam": "application/json",
    }.items():
        async with site.get(path) as answer:
            assert answer.status == 200, path
            assert answer.headers["Content-Type"].startswith(kind), path
            assert len(answer.headers.getall("Content-Type")) == 1
            assert await answer.content.read(4)
    await until(lambda: site.channel.viewers == 0)


@pytest.mark.parametrize("make", [deep, lambda hub: televise.asgi(hub.url)])
async def test_it_may_be_mounted_anywhere(server: Server, make: Any) -> None:
    channel = server.channel("cam")
    channel.show(plain(RED))
    prefix = "/a/live" if make is deep else ""
    async with serving(make(server), channel) as site, site.get(f"{prefix}/cam.jpg") as answer:
        assert answer.status == 200


async def test_questions_and_answers_go_through_as_they_are(site: Site) -> None:
    async with site.get("/live/cam.jpg?w=32&q=50") as answer:
        assert answer.status == 200
        assert len(await answer.read()) == int(answer.headers["Content-Length"])
    async with site.get("/live/cam.jpg?w=nonsense") as answer:
        assert answer.status == 400
        assert "w=" in await answer.text()
    async with site.get("/live/none.mjpg") as answer:
        assert answer.status == 404
    async with site.get("/live/cam.mjpg", "HEAD") as answer:
        assert answer.status == 200
        assert await answer.read() == b""
    async with site.get("/live/cam.jpg", "POST", data=b"x") as answer:
        assert answer.status == 405
    async with site.get("/live/..%2fetc%2fpasswd%0d%0aX:%20y") as answer:
        assert answer.status == 404


async def test_a_browser_gets_what_browsers_need(site: Site) -> None:
    async with site.get("/live/cam.mjpg", headers={"User-Agent": "Mozilla/5.0"}) as answer:
        data = await answer.content.readuntil(b"\xff\xd8")
        assert b"Content-Length" not in data
    async with site.get("/live/cam.mjpg", headers={"User-Agent": "curl/8"}) as answer:
        assert b"Content-Length" in await answer.content.readuntil(b"\xff\xd8")


async def test_who_leaves_is_no_viewer_any_more(site: Site) -> None:
    async with site.get("/live/cam.mjpg") as answer, site.connect("/live/cam.mp4") as opened:
        assert await answer.content.read(100)
        assert await opened.receive_bytes()
        await until(lambda: site.channel.viewers == 2)
    await until(lambda: site.channel.viewers == 0)


async def test_sockets_speak_the_subprotocol_in_both_directions(site: Site) -> None:
    async with site.connect("/live/cam.mjpg", protocols=("other", "televise.v1")) as opened:
        assert opened.protocol == "televise.v1"
        assert (await opened.receive_json())["type"] == "hello"
        await opened.send_json({"type": "clock", "client": 42})
        async with asyncio.timeout(20):
            async for message in opened:
                if message.type == aiohttp.WSMsgType.TEXT and '"clock"' in message.data:
                    break
        assert '"client":42' in message.data
        await opened.send_str("nonsense")
        async with asyncio.timeout(20):
            async for _ in opened:
                pass
        assert opened.close_code == 1008


async def test_the_end_of_the_channel_is_told(site: Site) -> None:
    async with site.connect("/live/cam.mjpg") as opened:
        await opened.receive_bytes()
        await asyncio.to_thread(site.channel.close)
        async with asyncio.timeout(20):
            async for _ in opened:
                pass
        assert opened.close_code == 1001


async def test_pages_of_others_get_no_socket(site: Site) -> None:
    for origin in ("https://evil.example", "null", site.url.replace("127.0.0.1", "localhost")):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with site.connect("/live/cam.mjpg", headers={"Origin": origin}):
                pass
        assert refused.value.status == 403
    async with site.connect("/live/cam.mjpg", headers={"Origin": site.url}) as opened:
        assert await opened.receive_bytes()


async def test_secrets_of_the_application_stay_there(server: Server) -> None:
    """What a stand-in for the hub is asked."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close, X-Secret\r\nX-Secret: 1\r\nX-Kept: 2\r\n"
            b"Keep-Alive: timeout=5\r\nContent-Encoding: gzip\r\n\r\nnot really"
        )
        await writer.drain()
        writer.close()

    hub = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with hub:
        url = f"http://127.0.0.1:{hub.sockets[0].getsockname()[1]}"
        async with serving(fast(url), server.channel("cam")) as site:
            headers = {
                "Cookie": "session=1; televise-cam=2;televise-x=3; other=televise-y",
                "Authorization": "Bearer x",
                "Range": "bytes=0-5",
                "Origin": "https://evil.example",
                "X-Forwarded-For": "203.0.113.9",
                "X-Forwarded-Proto": "https",
                "Connection": "X-Hop",
                "X-Hop": "1",
            }
            async with site.get("/live/x.jpg?a=%2F&b", headers=headers) as got:
                assert got.status == 200
                assert "X-Secret" not in got.headers
                assert got.headers["X-Kept"] == "2"
                assert await got.content.read() == b"not really"
    lines = asked[0].decode().lower().splitlines()
    assert lines[0] == "get /x.jpg?a=%2f&b http/1.1"
    names = [line.partition(":")[0] for line in lines[1:]]
    assert "range" in names
    assert "cookie: televise-cam=2; televise-x=3" in lines
    assert not {"authorization", "origin", "x-hop"} & set(names)
    assert [line for line in lines if "forwarded" in line] == [
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
    ]
    assert names.count("cookie") == 1
    assert names.count("host") == 1


async def test_a_page_with_a_key_shows_its_pictures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its cookie comes back to the hub, though not to that of another channel."""
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with Server(port=0, private=True) as server:
        channel = server.channel("cam")
        channel.show(plain(RED))
        server.channel("other").show(plain(RED))
        query = server.link("cam").partition("?")[2]
        # By name: no client keeps cookies of an address.
        async with serving(fast(server), channel) as site:
            site.url = site.url.replace("127.0.0.1", "localhost")
            async with site.get("/live/cam.jpg") as answer:
                assert answer.status == 401
            async with site.get(f"/live/cam?{query}") as answer:
                assert answer.status == 200
            async with site.get("/live/cam.jpg") as answer:
                assert answer.status == 200
            async with site.connect("/live/cam.mjpg", headers={"Origin": site.url}) as opened:
                assert await opened.receive_bytes()
            async with site.get("/live/other.jpg") as answer:
                assert answer.status in (401, 403)


@pytest.mark.parametrize(
    ("hub", "said"),
    [(5, "a Server, or the URL of a hub: not int"), ("hub", "'hub': write it as in http://")],
)
def test_what_is_no_hub(hub: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        televise.asgi(hub)


async def test_a_hub_that_has_gone_is_said(site: Site, server: Server) -> None:
    await asyncio.to_thread(server.close)
    async with site.get("/live/cam.jpg") as answer:
        assert answer.status == 502
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with site.connect("/live/cam.mjpg"):
            pass
