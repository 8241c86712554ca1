"""Who gets what from a hub that wants keys: nobody, unless a route or a key says so."""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from televise.dialects import DIALECTS, parse_dialect
from televise.errors import Forbidden
from televise.web.trust import guard, suspects
from televise.web.trust.keys import LEEWAY_SECONDS, Grant, Keys
from tests.support.server import SMALL, Serving, serving
from tests.support.waiting import until
from tests.support.wire import Stream

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Whatever is added here is for everybody, on every hub.
PUBLIC = {
    "GET /assets/{file}",
    "GET /api/openapi.json",
    "GET /healthz",
    "GET /readyz",
}
HTML = {"Accept": "text/html"}
NOW = 2.0  # an age that makes a key end in a moment: clocks may differ by the leeway


@dataclass
class Private:
    """A hub that wants keys, and the keys."""

    running: Serving
    keys: Keys

    def token(self, channel: str = "cam", can: str = "view", ttl: float = 600, **more: Any) -> str:
        return self.keys.sign(Grant(channel, can, **more), ttl)

    async def status(self, path: str, method: str = "GET", **keywords: Any) -> int:
        async with self.running.get(path, method, **keywords) as answer:
            return answer.status

    async def text(self, path: str, **keywords: Any) -> str:
        async with self.running.get(path, **keywords) as answer:
            return await answer.text()

    @contextlib.asynccontextmanager
    async def socket(self, path: str, **keywords: Any) -> AsyncIterator[Any]:
        url = f"http://{self.running.authority}{path}"
        async with self.running.session.ws_connect(url, **keywords) as websocket:
            yield websocket


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Private]:
    path = tmp_path_factory.mktemp("keys") / "key"
    sources = (f"cam={SMALL}", f"cam1={SMALL}", f"cam10={SMALL}", "in=publish:")
    dialects = [parse_dialect(f"{each.name}=cam@0") for each in DIALECTS]
    async with serving(*sources, private=True, key_file=path, dialects=dialects) as running:
        await running.is_live()
        yield Private(running, Keys(path))


def routes(app: web.Application) -> list[tuple[str, str]]:
    """Every method and path that is answered, with a channel that there is."""
    found = []
    for route in app.router.routes():
        assert route.resource is not None
        if route.method != "HEAD":
            found.append((route.method, route.resource.canonical))
    return found


def filled(path: str) -> str:
    """A path that such a route answers."""
    for name, value in {"{name}": "cam", "{file}": "televise.css", "{number}": "1"}.items():
        path = path.replace(name, value)
    return re.sub(r"\{\w+\}", "cam", path)


async def test_every_route_wants_a_key_but_those_on_the_list(hub: Private) -> None:
    app = hub.running.server.ports.apps[0]
    answered = {f"{method} {path}" for method, path in routes(app)}
    assert len(answered) > 25
    assert answered >= PUBLIC
    for method, path in routes(app):
        status = await hub.status(filled(path), method)
        if f"{method} {path}" in PUBLIC:
            assert (path, status) == (path, 200)
        else:
            assert (method, path, status) == (method, path, 401)


async def test_every_websocket_wants_a_key(hub: Private) -> None:
    app = hub.running.server.ports.apps[0]
    for method, path in routes(app):
        if method == "GET" and f"GET {path}" not in PUBLIC:
            async with Stream.open(hub.running.port, filled(path), websocket=True) as stream:
                assert (path, stream.status) == (path, 401)


async def test_no_dialect_is_a_way_around_it(hub: Private) -> None:
    """Not to look, that is; their publishers have always needed a key (401, or 403 as there)."""
    apps = hub.running.server.ports.apps[1:]
    ports = [each.port for each in hub.running.server.dialects]
    assert len(apps) == len(ports) > len(DIALECTS) - 1
    for app, port in zip(apps, ports, strict=True):
        for method, path in routes(app):
            url = f"http://127.0.0.1:{port}{filled(path)}"
            for headers in ({}, {"Authorization": f"Bearer {hub.token('cam1')}"}):
                answer = await hub.running.session.request(method, url, headers=headers)
                answer.release()
                is_helper = path in ("/player.js",) or (path == "/" and answer.status in (200, 301))
                allowed = (401,) if not headers else (401, 403, 426)
                if headers and (is_helper or path == "/channels-stats"):
                    continue  # says nothing of a channel that the key is not for
                assert answer.status in (*allowed, *((403,) if method != "GET" else ())), url


async def test_a_dialect_takes_the_key_in_the_query(hub: Private) -> None:
    port = next(each.port for each in hub.running.server.dialects if each.name == "gifstreaming")
    async with Stream.open(port, f"/?token={hub.token()}") as stream:
        assert stream.status == 200
        assert (await stream.reader.read(6))[:3] == b"GIF"


@pytest.mark.parametrize(
    ("channel", "expected"),
    [("cam", 200), ("*", 200), ("cam*", 200), ("c*", 200), ("cam1", 403), ("cam1*", 403),
     ("ca", 403), ("came*", 403)],
)  # fmt: skip
async def test_a_key_is_for_whole_names(hub: Private, channel: str, expected: int) -> None:
    assert await hub.status(f"/cam.jpg?token={hub.token(channel)}") == expected


async def test_cam1_is_not_cam10(hub: Private) -> None:
    token = hub.token("cam1")
    assert await hub.status(f"/cam1.jpg?token={token}") == 200
    for path in ("/cam10.jpg", "/cam%31%30.jpg", "/cam", "/api/channels/cam10", "/nobody"):
        assert (path, await hub.status(f"{path}?token={token}")) == (path, 403)


@pytest.mark.parametrize(
    ("can", "looks", "knows", "publishes", "relays", "manages"),
    [
        ("view", 200, 200, 403, 403, 401),
        ("publish", 403, 200, 400, 403, 401),
        ("relay", 403, 403, 403, 426, 401),
        ("admin", 200, 200, 403, 403, 401),
    ],
)
async def test_a_right_is_no_other(
    hub: Private, can: str, looks: int, knows: int, publishes: int, relays: int, manages: int
) -> None:
    query = f"?token={hub.token(can=can)}"
    assert await hub.status(f"/cam.jpg{query}") == looks
    assert await hub.status(f"/api/channels/cam{query}") == knows
    assert await hub.status(f"/cam.ts{query}", "POST", data=b"x") == publishes
    link = await hub.status(f"/api/link/cam{query}&rendition={{}}")
    assert link == (403 if relays == 403 else 400), "no rendition is asked for"
    assert await hub.status(f"/api/channels/cam{query}", "DELETE") == manages, "a header is needed"


async def test_pages_without_a_channel_are_for_keys_to_all(hub: Private) -> None:
    for path in ("/metrics", "/topology", "/api/topology"):
        assert await hub.status(f"{path}?token={hub.token('cam*')}") == 403
        assert await hub.status(f"{path}?token={hub.token('*')}") == 200


async def test_lists_have_only_what_the_key_is_for(hub: Private) -> None:
    listed = json.loads(await hub.text(f"/api/channels?token={hub.token('cam1*')}"))
    assert [each["name"] for each in listed["channels"]] == ["cam1", "cam10"]
    page = await hub.text(f"/?token={hub.token('cam1')}", headers=HTML)
    assert 'href="cam1"' in page
    assert 'href="cam10"' not in page


async def test_the_page_of_a_link_remembers_the_key(hub: Private) -> None:
    """In a cookie that no script reads, no other site sends, and the next request has."""
    async with hub.running.get(f"/cam?token={hub.token()}", headers=HTML) as answer:
        assert answer.status == 200
        header = answer.headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Path" not in header, "that of the page, wherever a proxy has put it"
    (morsel,) = SimpleCookie(header).values()
    cookie = {"Cookie": f"{morsel.key}={morsel.value}"}
    for path in ("/cam", "/cam.jpg", "/", "/api/channels", "/api/channels/cam"):
        assert (path, await hub.status(path, headers=cookie)) == (path, 200)
    assert await hub.status("/cam1.jpg", headers=cookie) == 403
    async with Stream.open(hub.running.port, "/cam.mjpg", cookie, websocket=True) as stream:
        assert stream.status == 101
    # What changes something is not done by a cookie, which a browser sends unasked.
    publisher = {"Cookie": f"televise-in={hub.token('in', 'publish')}"}
    assert await hub.status("/in.ts", "POST", headers=publisher, data=b"x") == 401
    admin = {"Cookie": f"televise-cam={hub.token('cam', 'admin')}"}
    assert await hub.status("/api/channels/cam", "DELETE", headers=admin) == 401


async def test_the_header_will_do(hub: Private) -> None:
    headers = {"Authorization": f"Bearer {hub.token()}"}
    assert await hub.status("/cam.jpg", headers=headers) == 200


@pytest.mark.parametrize("protocols", [("televise.key",), ("televise.key", "televise.v1")])
async def test_the_first_message_will_do(hub: Private, protocols: tuple[str, ...]) -> None:
    async with hub.socket("/cam.mjpg", protocols=protocols) as websocket:
        assert websocket.protocol == protocols[-1]
        await websocket.send_json({"token": hub.token()})
        message = await websocket.receive()
    told = message.type == aiohttp.WSMsgType.TEXT and json.loads(message.data)["type"] == "hello"
    assert told or message.data[:2] == b"\xff\xd8"


@pytest.mark.parametrize("said", ["{}", "[]", "token", '{"token": "x"}', b"x", '{"token": 5}'])
async def test_a_first_message_that_is_no_key(hub: Private, said: str | bytes) -> None:
    watching = hub.running.watching
    async with hub.socket("/cam.mjpg", protocols=["televise.key"]) as websocket:
        send = websocket.send_str if isinstance(said, str) else websocket.send_bytes
        await send(said)
        message = await websocket.receive()
    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1008)
    assert "key" in message.extra
    assert hub.running.watching == watching


async def test_pings_give_nobody_more_time_for_a_key(
    hub: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "KEY_SECONDS", 0.3)
    async with hub.socket("/cam.mjpg", protocols=["televise.key"]) as websocket:
        answer = asyncio.create_task(websocket.receive())
        while not answer.done():
            await websocket.ping()
            await asyncio.wait([answer], timeout=0.1)
    assert (answer.result().data, answer.result().extra) == (1008, "no key came")


async def test_a_wrong_first_message_too_many(
    hub: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has opened the WebSocket is told on it, and not by HTTP in its middle."""
    monkeypatch.setattr(suspects, "FREE_TRIES", 0)
    monkeypatch.setattr(suspects, "MOST_WAITING", 0)
    async with hub.socket("/cam.mjpg", protocols=["televise.key"]) as websocket:
        await websocket.send_json({"token": "x"})
        message = await websocket.receive()
    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1013)
    assert "too many wrong keys" in message.extra


async def test_people_see_a_page(hub: Private) -> None:
    expired = hub.token(ttl=-LEEWAY_SECONDS - 5)
    for path, told in (("/cam", "A key is needed"), (f"/cam?token={expired}", "has expired")):
        async with hub.running.get(path, headers=HTML) as answer:
            assert answer.status == 401
            page = await answer.text()
        assert told in page
        assert "assets/televise.css" in page


async def test_wall_shows_only_what_the_key_is_for(hub: Private) -> None:
    async with hub.socket(f"/api/wall?token={hub.token('cam1')}") as websocket:
        await websocket.send_json({"type": "watch", "channel": "cam10", "w": 64})
        await websocket.send_json({"type": "watch", "channel": "cam1", "w": 64})
        told, pictures = [], 0
        while not pictures:
            message = await websocket.receive(timeout=20)
            if message.type == aiohttp.WSMsgType.BINARY:
                pictures += 1
            else:
                told.append(json.loads(message.data))
    refused = [each["channel"] for each in told if each["type"] == "error"]
    assert refused == ["cam10"]
    assert {each.get("channel") for each in told if each["type"] == "chunk"} == {"cam1"}


async def test_revoking_closes_what_is_open(hub: Private) -> None:
    """Within five seconds: it is looked each second."""
    token, other = hub.token(), hub.token()
    async with (
        hub.socket(f"/cam.mjpg?token={token}", protocols=["televise.v1"]) as websocket,
        hub.socket(f"/cam.mjpg?token={other}", protocols=["televise.v1"]) as kept,
        hub.running.stream(f"/cam.mjpg?token={token}") as stream,
    ):
        await websocket.receive()
        hub.keys.revoke(token)
        began = time.monotonic()
        while (message := await websocket.receive(10)).type not in (
            aiohttp.WSMsgType.CLOSE,
            aiohttp.WSMsgType.CLOSED,
        ):
            pass
        assert (message.data, message.extra) == (1008, "this key has been revoked")
        await stream.rest()  # to its end, which comes
        assert time.monotonic() - began < 5, "the figure of the design, not of the machine"
        assert (await kept.receive()).type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)
    assert await hub.status(f"/cam.jpg?token={token}") == 401


async def test_a_key_is_revoked_from_elsewhere(hub: Private) -> None:
    token = hub.token()
    refused = [(None, 401), (hub.token("*"), 403), (hub.token("cam", "admin"), 403)]
    for key, status in refused:
        assert (await revoke(hub, {"key": token}, key))[0] == status
    admin = hub.token("*", "admin")
    for wrong in ({}, {"key": 1}, {"key": "no key"}, {"key": f"{token}x"}, [token]):
        assert (await revoke(hub, wrong, admin))[0] == 400
    async with hub.socket(f"/cam.mjpg?token={token}") as websocket:
        await websocket.receive()
        status, answer = await revoke(hub, {"key": token}, admin)
        assert (status, len(answer["revoked"])) == (200, 12)
        while (message := await websocket.receive(10)).type == aiohttp.WSMsgType.BINARY:
            pass
        assert (message.data, message.extra) == (1008, "this key has been revoked")
    assert await hub.status(f"/cam.jpg?token={token}") == 401


async def revoke(hub: Private, body: Any, key: str | None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = f"http://127.0.0.1:{hub.running.port}/api/revoked"
    async with hub.running.session.post(url, json=body, headers=headers) as answer:
        return answer.status, await answer.json() if answer.status == 200 else {}


async def test_a_publisher_is_sent_away_too(hub: Private) -> None:
    token = hub.token("in", "publish")
    async with hub.socket(f"/in.ts?token={token}") as websocket:
        await until(lambda: hub.running.channel("in").publisher is not None)
        hub.keys.revoke(token)
        message = await websocket.receive(10)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1008)
    await until(lambda: hub.running.channel("in").publisher is None)


async def test_who_may_come_and_how_long_one_may_stay(hub: Private) -> None:
    """`--ttl` ends the coming, `--watch` the staying; a browser that came may come back."""
    late = hub.keys.sign(Grant("cam", "view"), -LEEWAY_SECONDS - 5, 600)
    assert await hub.status(f"/cam.jpg?token={late}") == 401
    short = hub.keys.sign(Grant("cam", "view"), 5 - LEEWAY_SECONDS, 600)
    async with hub.running.get(f"/cam?token={short}", headers=HTML) as answer:
        cookie = SimpleCookie(answer.headers["Set-Cookie"])["televise-cam"].value
    grant = hub.keys.check(cookie, "cam", "view")
    with pytest.raises(Forbidden):
        hub.keys.check(cookie, "cam", "admin")
    assert 590 < grant.until - time.time() <= 600
    ending = hub.token(ttl=NOW - LEEWAY_SECONDS)
    async with hub.socket(f"/cam.mjpg?token={ending}", protocols=["televise.v1"]) as websocket:
        while (message := await websocket.receive(10)).type != aiohttp.WSMsgType.CLOSE:
            pass
    assert (message.data, message.extra) == (1008, "this key has expired")


async def test_so_many_viewers_and_no_more(hub: Private) -> None:
    token = hub.token(viewers=1)
    path = f"/cam.mjpg?token={token}"
    async with hub.running.stream(path):
        async with hub.running.get(path) as answer:
            assert (answer.status, "Retry-After" in answer.headers) == (503, True)
        assert await hub.status(f"/cam.jpg?token={hub.token(viewers=1)}") == 200, "another key"
    await until(lambda: not len(hub.running.edge.visits))
    # A browser is one viewer, however many streams its page has.
    cookie = {"Cookie": f"televise-cam={hub.keys.session(hub.keys.verify(token))}"}
    other = {"Cookie": f"televise-cam={hub.keys.session(hub.keys.verify(token))}"}
    async with (
        Stream.open(hub.running.port, "/cam.mjpg", cookie) as one,
        Stream.open(hub.running.port, "/cam.mjpg", cookie) as two,
    ):
        assert (one.status, two.status) == (200, 200)
        assert await hub.status("/cam.jpg", headers=other) == 503


async def test_wrong_keys_wait_and_nobody_else_does(
    hub: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of hundreds of guesses a few are answered, a few wait for very long, and all others are
    refused at once; a right key is let in beside them, from the same address."""
    released = asyncio.Event()
    waiting = SimpleNamespace(sleep=lambda seconds: released.wait())
    monkeypatch.setattr(suspects, "asyncio", waiting)
    monkeypatch.setattr(hub.running.server._guard, "_suspects", suspects.Suspects())
    good = hub.token()
    statuses: list[int] = []

    async def guess(number: int) -> None:
        statuses.append(await hub.status(f"/cam.jpg?token={good[:-9]}{number:09}"))

    guessing = asyncio.gather(*map(guess, range(300)))
    answered = 300 - suspects.MOST_WAITING
    await until(lambda: len(statuses) == answered)
    assert not guessing.done()
    assert await hub.status(f"/cam.jpg?token={good}") == 200
    assert statuses.count(401) == suspects.FREE_TRIES
    assert statuses.count(429) == answered - suspects.FREE_TRIES
    released.set()
    await guessing
    assert statuses.count(401) == suspects.FREE_TRIES + suspects.MOST_WAITING
    assert not hub.running.server._guard._suspects._waiting


async def test_an_open_hub_lets_everybody_look_and_nobody_else_do_anything(tmp_path: Path) -> None:
    async with serving("in=publish:", key_file=tmp_path / "key") as running:
        for path in ("/", "/in", "/in/publish", "/api/channels", "/metrics", "/api/topology"):
            async with running.get(path) as answer:
                assert (path, answer.status) == (path, 200)
                assert "Set-Cookie" not in answer.headers
        async with running.get("/in.ts", "POST", data=b"x") as answer:
            assert answer.status == 401
        async with running.get("/api/channels/in", "DELETE") as answer:
            assert answer.status == 401
