"""Addresses that are odd, hostile or wrong: a plain answer, and never a file of the server."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urljoin

import pytest
import pytest_asyncio

from tests.support.server import Serving, serving
from tests.support.waiting import until
from tests.support.wire import Stream, connect, exchange, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live() -> AsyncIterator[Serving]:
    async with serving() as running:
        await running.is_live()
        yield running


async def get_raw(port: int, path: str) -> bytes:
    """The answer to a path that is sent as it is, which polite clients would not do."""
    return await exchange(port, request(path, port, {"Connection": "close"}))


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/assets/../../../../etc/passwd",
        "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e/%2e%2e/app.py",
        "/assets/..%5c..%5capp.py",
        "/assets/%2fetc%2fpasswd",
        "/assets//etc/passwd",
        "/assets/televise.js%00.css",
        "/assets/televise.js/",
        "/assets/",
        "/assets",
        "/assets/.",
        "/assets/%c0%ae%c0%ae/app.py",
        "/assets/__init__.py",
        "/..;/cam.mp4",
        "/cam.mp4%00",
        "/cam%00.mp4",
        "/cam%0d%0aX-Evil:%201.mp4",
        "/cam%2emp4%2f",
        "/cam/../api/channels",
        "/%63am/..",
        "/cam.mp4/..",
        "/file:///etc/passwd",
        "/%",
        "/%zz",
        "/%ff%fe",
        "/%F0%9F%98%80.mp4",
        "/<script>alert(1)</script>",
        "/%3Cscript%3Ealert(1)%3C%2Fscript%3E.mjpg",
        "/" + "a" * 65,
        "/" + "a" * 2000 + ".mp4",
        "/.mp4",
        "/cam.",
        "/cam.exe",
        "/CAM",
        "/api",
        "/api/",
        "/api/channels/",
        "/api/channels/../../cam",
        "/api/channels/cam%2f..",
        "/api/channels/%00",
        "/api/channels/..%2f..%2fetc%2fpasswd",
        "//evil.test/cam",
        "/\\evil.test",
        "*",
        "cam",
    ],
)
async def test_odd_paths_are_refused_and_reach_no_file(live: Serving, path: str) -> None:
    answer = await get_raw(live.port, path)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split()[1]) in (400, 404), head
    for secret in (b"root:x:0", b"import ", b"make_app"):
        assert secret not in answer
    assert b"\nX-Evil" not in answer
    assert b"<script>" not in body or b"text/plain" in head


async def test_the_server_is_well_after_all_that(live: Serving) -> None:
    async with live.get("/assets/televise.js") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/javascript"
        assert b"customElements" in await answer.read()


@pytest.mark.parametrize("suffix", [".mp4", ".mjpg", ".jpg"])
async def test_an_unknown_stream_is_one_plain_line(live: Serving, suffix: str) -> None:
    async with live.get(f"/nobody{suffix}") as answer:
        assert answer.status == 404
        assert answer.content_type == "text/plain"
        assert await answer.text() == "no channel 'nobody'; there is: cam\n"


@pytest.mark.parametrize("query", ["", "?w=80&token=a%2Fb%0D%0A"])
async def test_a_slash_behind_a_page_leads_to_the_page(live: Serving, query: str) -> None:
    head = (await get_raw(live.port, f"/cam/{query}")).partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 308 ")
    location = head.partition(b"Location: ")[2].partition(b"\r\n")[0].decode()
    assert location == f"../cam{query}"
    assert urljoin("https://tv.example/below/cam/", location).startswith(
        "https://tv.example/below/cam"
    )


@pytest.mark.parametrize(
    "path", ["/nobody/", "//evil.test/", "//cam/", "/cam//", "/cam//evil.test/", "/%2Fevil.test/"]
)
async def test_a_slash_behind_anything_else_leads_nowhere(live: Serving, path: str) -> None:
    head = (await get_raw(live.port, path)).partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 404 ")
    assert b"Location:" not in head


@pytest.mark.parametrize("path", ["/cam.avi", "/cam/nothing"])
async def test_an_address_of_nothing_says_where_there_is_something(
    live: Serving, path: str
) -> None:
    async with live.get(path, headers=PAGE) as answer:
        assert answer.status == 404
        assert answer.content_type == "text/plain"
        assert (await answer.text()).startswith("there is nothing at this address: / has the")


async def test_an_address_of_nothing_below_the_api_says_it_in_json(live: Serving) -> None:
    async with live.get("/api/nothing") as answer:
        assert answer.status == 404
        assert "nothing at this address" in (await answer.json())["error"]


@pytest.mark.parametrize(
    ("query", "played"),
    [
        ("", "cam"),
        ("?w=80&fps=5", "cam?w=80&amp;fps=5"),
        ("?token=secret&w=80", "cam?w=80"),
        ("?token=secret", "cam"),
        ("?x=%22%3E%3Cscript%3E", "cam?x=%22%3E%3Cscript%3E"),
    ],
)
async def test_a_page_plays_what_its_query_asks_for(live: Serving, query: str, played: str) -> None:
    async with live.get(f"/cam{query}") as answer:
        assert answer.status == 200
        text = await answer.text()
    assert f'<tele-vision src="{played}" ' in text
    assert "secret" not in text


@pytest.mark.parametrize(
    ("query", "told"),
    [("w=abc", "w=abc: even from 16 to 4096"), ("w=5000", "w=5000: even"), ("q=0", "q=0: from 1")],
)
async def test_a_page_refuses_what_its_streams_would(live: Serving, query: str, told: str) -> None:
    async with live.get(f"/cam?{query}", headers=PAGE) as answer:
        assert answer.status == 400
        assert (await answer.text()).startswith(told)


async def test_an_unknown_page_lists_the_channels_that_are_live(live: Serving) -> None:
    async with live.get("/nobody", headers=PAGE) as answer:
        assert answer.status == 404
        assert answer.content_type == "text/html"
        text = await answer.text()
    assert "nobody" in text
    assert 'href="cam"' in text


async def test_an_unknown_channel_of_the_api_is_json(live: Serving) -> None:
    async with live.get("/api/channels/nobody", headers=PAGE) as answer:
        assert answer.status == 404
        assert await answer.json() == {"error": "no channel 'nobody'; there is: cam"}


async def test_a_hostile_name_is_shown_as_text_only(live: Serving) -> None:
    path = "/%3Cimg%20src=x%20onerror=alert(1)%3E.jpg"
    async with live.get(path, headers=PAGE) as answer:
        assert answer.status == 404
        assert "<img src=x" not in await answer.text()
    async with live.get(path) as answer:
        assert answer.status == 404
        assert answer.content_type == "text/plain"


@pytest.mark.parametrize("path", ["/cam.mp4", "/cam.mjpg", "/cam.jpg"])
async def test_a_bad_value_is_a_400_with_one_line(live: Serving, path: str) -> None:
    async with live.get(f"{path}?w=wide") as answer:
        assert answer.status == 400
        assert await answer.text() == "w=wide: even from 16 to 4096 (width in pixels)\n"


async def test_a_bad_value_is_refused_before_the_websocket_opens(live: Serving) -> None:
    async with Stream.open(live.port, "/cam.mp4?fps=nan", websocket=True) as stream:
        assert stream.status == 400
        assert b"fps=nan" in await stream.exactly(int(stream.headers["content-length"]))


@pytest.mark.parametrize("path", ["/", "/cam", "/cam.gif", "/cam.m1v", "/metrics", "/api/channels"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_what_can_only_be_asked_for(live: Serving, path: str, method: str) -> None:
    async with live.get(path, method) as answer:
        assert answer.status == 405
        assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    "field",
    [
        "X-Long: " + "a" * 20_000,
        "Cookie: " + "a" * 200_000,
        "\r\n".join(f"X-{number}: 1" for number in range(1000)),
    ],
    ids=["long", "endless", "many"],
)
async def test_headers_have_a_limit(live: Serving, field: str) -> None:
    message = request("/healthz", live.port)
    answer = await exchange(
        live.port, message.replace(b"\r\n\r\n", f"\r\n{field}\r\n\r\n".encode())
    )
    # The connection may be reset while the rest of the headers is still on its way.
    assert not answer or int(answer.split()[1]) in (400, 431)
    assert b'"alive"' not in answer
    assert not answer or tells_no_version(answer)


def tells_no_version(answer: bytes) -> bool:
    """Of what it runs on; and an answer says that it is ours."""
    head = answer.partition(b"\r\n\r\n")[0].lower()
    return b"aiohttp" not in head and b"python" not in head and b"\r\nserver: televise" in head


async def test_a_line_that_is_too_long_is_answered(live: Serving) -> None:
    """Nothing of it is still on its way then, so that the answer is always heard."""
    asking = b"GET /healthz HTTP/1.1\r\nCookie: " + b"a" * 8190
    answer = await exchange(live.port, asking)
    assert answer.startswith(b"HTTP/1.0 400 ")
    assert tells_no_version(answer)


async def test_headers_below_the_limit_are_served(live: Serving) -> None:
    message = request("/healthz", live.port, {"Cookie": "a" * 4000, "Connection": "close"})
    assert b'"alive"' in await exchange(live.port, message)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
        b"\x00" * 1000,
        b"GET\r\n\r\n",
        b"HELLO / SMTP\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nBad Name: 1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["tls", "zeros", "short", "smtp", "version", "length", "name", "smuggling"],
)
async def test_what_is_no_http_is_answered_and_closed(live: Serving, garbage: bytes) -> None:
    answer = await exchange(live.port, garbage)
    assert int(answer.split()[1]) in (400, 421, 505), answer
    assert tells_no_version(answer)
    assert b"Traceback" not in answer


@pytest.mark.parametrize("kept", [0, 1], ids=["first", "kept alive"])
async def test_headers_that_are_never_finished_end_the_connection(
    monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """Slow loris: one byte now and then keeps a connection busy for ever, if it is let."""
    monkeypatch.setattr("televise.web.connections.ports.REQUEST_SECONDS", 1.0)
    async with serving() as running:
        reader, writer = await connect(running.port)
        try:
            for _ in range(kept):
                writer.write(request("/healthz", running.port))
                await reader.readuntil(b'"alive"}')
            sent = 0

            async def drip() -> None:
                nonlocal sent
                writer.write(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
                while not writer.is_closing():
                    writer.write(b"a")
                    sent += 1
                    await asyncio.sleep(0.05)

            dripping = asyncio.create_task(drip())
            async with asyncio.timeout(30):
                with_reset = await read_to_end(reader)
            dripping.cancel()
            assert with_reset == b""
            assert sent > 3, "it was slow, not silent"
            await until(lambda: not running.connections)
        finally:
            writer.transport.abort()


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""
