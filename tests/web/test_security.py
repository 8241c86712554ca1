"""Who may ask: Host against DNS rebinding, Origin against other sites' pages, safe headers."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from televise.dialects import parse_dialect
from televise.errors import InputError
from televise.web.trust.security import check_origin, is_loopback
from tests.support.server import Serving, serving
from tests.support.wire import Stream, exchange, handshake, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

FRIEND = "https://friend.example"
OFFERED = ("/", "/cam", "/cam.mjpg", "/cam.mp4", "/cam.jpg", "/api/channels", "/metrics")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live() -> AsyncIterator[Serving]:
    async with serving() as running:
        await running.is_live()
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def friendly() -> AsyncIterator[Serving]:
    async with serving(origins=[FRIEND]) as running:
        yield running


def expand(text: str, port: int) -> str:
    return text.replace("PORT", str(port)).replace("OTHER", str(port - 1))


async def status_of(port: int, message: bytes) -> int:
    answer = await exchange(port, message)
    return int(answer.split()[1])


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:PORT", 200),
        ("localhost:PORT", 200),
        ("LocalHost:PORT", 200),
        ("[::1]:PORT", 200),
        ("evil.test", 421),
        ("evil.test:PORT", 421),
        ("127.0.0.1", 421),
        ("localhost", 421),
        ("127.0.0.1:OTHER", 421),
        ("127.0.0.1.evil.test:PORT", 421),
        ("localhost.evil.test:PORT", 421),
        ("evil-localhost:PORT", 421),
        ("127.0.0.2:PORT", 421),
        ("2130706433:PORT", 421),
        ("0.0.0.0:PORT", 421),
        ("localhost.:PORT", 421),
        ("user@localhost:PORT", 421),
        ("localhost:PORT, evil.test", 421),
        ("", 421),
    ],
)
async def test_only_our_own_names_are_served(live: Serving, host: str, expected: int) -> None:
    fields = {"Host": expand(host, live.port), "Connection": "close"}
    assert await status_of(live.port, request("/api/channels", live.port, fields)) == expected


@pytest.mark.parametrize("path", [*OFFERED, "/nowhere/at/all", "/assets/televise.js"])
async def test_no_path_is_served_under_a_foreign_name(live: Serving, path: str) -> None:
    fields = {"Host": f"evil.test:{live.port}", "Connection": "close"}
    assert await status_of(live.port, request(path, live.port, fields)) == 421


async def test_a_websocket_is_not_opened_under_a_foreign_name(live: Serving) -> None:
    fields = {"Host": f"evil.test:{live.port}", "Origin": f"http://evil.test:{live.port}"}
    async with Stream.open(live.port, "/cam.mjpg", fields, websocket=True) as stream:
        assert stream.status == 421


async def test_two_host_headers_are_one_too_many(live: Serving) -> None:
    message = request("/api/channels", live.port, {"Connection": "close"})
    twice = message.replace(b"Host:", f"Host: 127.0.0.1:{live.port}\r\nHost:".encode(), 1)
    assert await status_of(live.port, twice) in (400, 421)


async def test_http_1_1_without_a_host_is_refused(live: Serving) -> None:
    message = b"GET /api/channels HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert await status_of(live.port, message) in (400, 421)


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        ([], 101),
        (["http://127.0.0.1:PORT"], 101),
        (["http://127.0.0.1:PORT", "http://127.0.0.1:PORT"], 403),
        (["null"], 403),
        ([""], 403),
        (["http://evil.test"], 403),
        (["http://evil.test:PORT"], 403),
        (["http://127.0.0.1"], 403),
        (["http://127.0.0.1:OTHER"], 403),
        (["http://127.0.0.1:PORT.evil.test"], 403),
        (["http://127.0.0.1.evil.test:PORT"], 403),
        (["http://evil.test/127.0.0.1:PORT"], 403),
        (["http://127.0.0.1:PORT/"], 403),
        (["http://user@127.0.0.1:PORT"], 403),
        (["https://127.0.0.1:PORT"], 403),
        (["ws://127.0.0.1:PORT"], 403),
        (["http://localhost:PORT"], 403),  # another name of ours, but not the one asked
        (["http://127.0.0.1:PORT", "http://evil.test"], 403),
        (["http://evil.test", "http://127.0.0.1:PORT"], 403),
        (["http://127.0.0.1:PORT http://evil.test"], 403),
    ],
)
async def test_websockets_are_for_our_own_pages(
    live: Serving, origins: list[str], expected: int
) -> None:
    message = handshake("/cam.mjpg", live.port)
    lines = "".join(f"Origin: {expand(origin, live.port)}\r\n" for origin in origins)
    message = message.replace(b"Upgrade: websocket\r\n", f"Upgrade: websocket\r\n{lines}".encode())
    assert await first_status(live.port, message) == expected


async def first_status(port: int, message: bytes) -> int:
    """The status of an answer that may have no end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(message)
        return int((await reader.readline()).split()[1])
    finally:
        writer.transport.abort()


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (FRIEND, 101),
        (FRIEND.upper(), 101),
        (f"{FRIEND}:443", 403),
        (f"{FRIEND}.evil.test", 403),
        ("http://friend.example", 403),
        ("https://www.friend.example", 403),
        ("null", 403),
    ],
)
async def test_an_allowed_site_is_allowed_exactly(
    friendly: Serving, origin: str, expected: int
) -> None:
    message = handshake("/cam.mjpg", friendly.port, {"Origin": origin})
    assert await first_status(friendly.port, message) == expected


async def test_an_allowed_site_may_read_answers_and_others_may_not(friendly: Serving) -> None:
    async with friendly.get("/api/channels", headers={"Origin": FRIEND}) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
        assert answer.headers["Vary"] == "Origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert FRIEND in answer.headers["Content-Security-Policy"].partition("ancestors")[2]
    async with friendly.get("/api/channels", headers={"Origin": "http://evil.test"}) as answer:
        assert answer.status == 200
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("fields", "policy"),
    [
        ({}, "same-origin"),
        ({"Referer": f"{FRIEND}/"}, "cross-origin"),
        ({"Referer": "https://friend.example.evil.test/"}, "same-origin"),
        ({"Referer": "http://evil.test/"}, "same-origin"),
        ({"Referer": "http://evil.test/", "Origin": FRIEND}, "cross-origin"),
        ({"Referer": "https://[", "Origin": ""}, "same-origin"),
    ],
)
async def test_only_an_allowed_site_may_show_images(
    friendly: Serving, fields: dict[str, str], policy: str
) -> None:
    async with friendly.get("/cam.jpg", headers=fields) as answer:
        assert answer.headers["Cross-Origin-Resource-Policy"] == policy


async def test_any_page_may_load_the_player(live: Serving) -> None:
    """Where it is not allowed to show anything, it says so."""
    evil = {"Origin": "http://evil.test"}
    async with live.get("/assets/televise.js", headers=evil) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


async def test_a_site_on_another_port_is_named_as_it_is() -> None:
    dialects = [parse_dialect("flask@0")]
    async with (
        serving(origins=["http://localhost:1"], dialects=dialects) as running,
        running.get("/cam") as answer,
    ):
        sockets = parse_policy(answer.headers["Content-Security-Policy"])["connect-src"]
    assert "ws://localhost:1" in sockets
    assert all(each.count(":") == 2 for each in sockets - {"'self'"})


async def test_an_allowed_site_may_forward_its_own_name(friendly: Serving) -> None:
    async with friendly.get("/api/channels", headers={"Host": "friend.example"}) as answer:
        assert answer.status == 200


async def test_without_allowed_sites_nobody_is_told_that_it_may_read(live: Serving) -> None:
    async with live.get("/api/channels", headers={"Origin": "http://evil.test"}) as answer:
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_sites_may_not_even_try_to_change_something(live: Serving, method: str) -> None:
    evil = {"Origin": "http://evil.test"}
    async with live.get("/api/channels", method, headers=evil) as answer:
        assert answer.status == 403
    async with live.get("/api/channels", method) as answer:
        assert answer.status == 405


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/cam", 200),
        ("/cam.jpg", 200),
        ("/api/channels", 200),
        ("/api/openapi.json", 200),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/metrics", 200),
        ("/nobody", 404),
        ("/nobody.mp4", 404),
        ("/api/channels/nobody", 404),
        ("/no/such/path", 404),
        ("/assets/secret", 404),
        ("/cam.mp4?w=nothing", 400),
    ],
)
async def test_every_answer_carries_the_safe_headers(live: Serving, path: str, status: int) -> None:
    async with live.get(path) as answer:
        assert answer.status == status
        assert_is_safe(dict(answer.headers))


def assert_is_safe(headers: dict[str, str]) -> None:
    lower = {name.lower(): value for name, value in headers.items()}
    assert lower["server"] == "televise"
    assert lower["x-content-type-options"] == "nosniff"
    assert lower["referrer-policy"] == "no-referrer"
    assert lower["cross-origin-resource-policy"] == "same-origin"
    assert "default-src 'self'" in lower["content-security-policy"]
    assert "frame-ancestors 'self'" in lower["content-security-policy"]


async def test_refusals_carry_the_safe_headers_too(live: Serving) -> None:
    async with live.get("/", headers={"Host": "evil.test"}) as answer:
        assert answer.status == 421
        assert_is_safe(dict(answer.headers))
    async with live.get("/cam.gif", "POST") as answer:
        assert answer.status == 405
        assert_is_safe(dict(answer.headers))


@pytest.mark.parametrize("path", ["/cam.mjpg", "/cam.mp4"])
async def test_streams_carry_the_safe_headers_and_are_not_kept(live: Serving, path: str) -> None:
    async with live.stream(path) as stream:
        assert_is_safe(stream.headers)
        assert "no-store" in stream.headers["cache-control"]
        assert stream.headers["x-accel-buffering"] == "no"


async def test_the_policy_lets_the_player_work(live: Serving) -> None:
    """MSE needs blob: for media; sockets need our own name as it is written in the address bar."""
    async with live.get("/cam") as answer:
        policy = parse_policy(answer.headers["Content-Security-Policy"])
    assert "blob:" in policy["media-src"]
    assert {"'self'", "data:", "blob:"} <= policy["img-src"]
    assert {f"ws://127.0.0.1:{live.port}", f"ws://localhost:{live.port}"} <= policy["connect-src"]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*"} & set().union(*policy.values())
    assert policy["object-src"] == policy["base-uri"] == {"'none'"}
    assert "script-src" not in policy, "scripts are our own, as everything by default"


def parse_policy(text: str) -> dict[str, set[str]]:
    parts = (part.split() for part in text.split(";"))
    return {name: set(values) for name, *values in parts}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.1.2", False),
        ("localhost.evil.test", False),
        ("::ffff:10.0.0.1", False),
    ],
)
async def test_what_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://example.org", "https://example.org"),
        ("https://Example.ORG/", "https://example.org"),
        ("http://10.0.0.1:8000", "http://10.0.0.1:8000"),
        ("https://example.org:443", "https://example.org"),
        ("http://example.org:80/", "http://example.org"),
        ("http://example.org:443", "http://example.org:443"),
        ("http://[2001:DB8::1]:8000", "http://[2001:db8::1]:8000"),
    ],
)
async def test_an_origin_is_scheme_and_host(typed: str, meant: str) -> None:
    assert check_origin(typed) == meant


@pytest.mark.parametrize(
    "origin",
    [
        "example.org",
        "*",
        "null",
        "",
        "https://",
        "https://example.org/page",
        "https://example.org?x=1",
        "https://user:pw@example.org",
        "ftp://example.org",
        "https://example.org:port",
        "https://[::1",
        "https://exa mple.org",
        "https://*.example.org",
        "https://example.org#top",
        "https://example.org:0",
        "https://example..org",
        "https://example.org\nX-Evil: 1",
        "https://example.org; script-src *",
    ],
)
async def test_what_is_no_origin_is_refused_with_an_example(origin: str) -> None:
    with pytest.raises(InputError, match=r"https://example\.org"):
        check_origin(origin)


async def test_beyond_loopback_addresses_are_served_but_no_foreign_names() -> None:
    """An address that is typed cannot have been rebound; a name could."""
    async with serving(host="0.0.0.0") as running:
        async with running.get("/cam") as answer:
            policy = parse_policy(answer.headers["Content-Security-Policy"])
        assert "ws:" in policy["connect-src"], "no list can name all addresses"
        for host, expected in [
            ("192.168.7.7:PORT", 200),
            ("[2001:db8::1]:PORT", 200),
            ("localhost:PORT", 200),
            ("192.168.7.7:OTHER", 421),
            ("192.168.7.7", 421),
            ("evil.test:PORT", 421),
            ("192.168.7.7.evil.test:PORT", 421),
        ]:
            fields = {"Host": expand(host, running.port), "Connection": "close"}
            message = request("/healthz", running.port, fields)
            assert (host, await status_of(running.port, message)) == (host, expected)
