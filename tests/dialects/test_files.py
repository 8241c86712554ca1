"""A directory of the user's, in front of what a dialect answers itself."""

import os
import ssl
from pathlib import Path

import aiohttp
import pytest

from televise.dialects import DIALECTS, mount, parse_dialect
from televise.dialects.files import fill, find
from televise.errors import InputError
from televise.web.trust.certificate import Certificate
from televise.web.trust.keys import Grant, Keys
from tests.browser.support import Browser
from tests.conftest import Needs
from tests.dialects.speaking import binary, init, speaking
from tests.dialects.test_spec import make_edge
from tests.sources.tls_server import make_certificate
from tests.support.wire import Stream

SECRET = "it must not be seen"
LARGE = os.urandom(3_000_000)
PAGE = """<!doctype html><video muted></video><script>var path = "/websocket";</script>
<script src="/js/demo.js"></script>"""


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """An original's pages, beside what nobody may see."""
    folder = tmp_path / "pages"
    for name, text in {
        "index.html": PAGE,
        "js/demo.js": "window.opened = false; "
        "new WebSocket(`ws://${location.host}${path}`).onmessage = () => { opened = true; };",
        "below/index.html": "below",
        "a b.txt": "blank",
        ".hidden": SECRET,
        ".git/config": SECRET,
        "../secret": SECRET,
        "../pages-and-more/secret": SECRET,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "large.bin").write_bytes(LARGE)
    (folder / "link-out").symlink_to(tmp_path / "secret")
    (folder / "folder-out").symlink_to(tmp_path)
    (folder / "link-to-hidden").symlink_to(folder / ".hidden")
    (folder / "link-in").symlink_to(folder / "a b.txt")
    (folder / "circle").symlink_to(folder / "circle")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "index.html"),
        ("/index.html", "index.html"),
        ("//index.html", "index.html"),
        ("/js/demo.js", "js/demo.js"),
        ("/js/../index.html", "index.html"),
        ("/below/", "below/index.html"),
        ("/link-in", "a b.txt"),
    ],
)
def test_what_is_found(pages: Path, path: str, name: str) -> None:
    assert find(pages, path) == pages / name


@pytest.mark.parametrize(
    "path",
    ["/js", "/js/", "/below", "/nothing", "/.hidden", "/.git/config", "/js/../.hidden",
     "/../secret", "/js/../../secret", "/../pages-and-more/secret", "/link-out",
     "/folder-out/secret",
     "/link-to-hidden", "/circle", "/pipe", "/\0", "/" + "x" * 5000, "//etc/passwd", "/..", "/.",
     "/..\\secret", "/index.html/"],
)  # fmt: skip
def test_what_is_not(pages: Path, path: str) -> None:
    assert find(pages, path) is None


@pytest.mark.parametrize("path", ["/../secret", "/%2e%2e/secret", "/%2e%2e%2fsecret", "/.hidden",
    "/js/%2e%2e/%2e%2e/secret", "/link-out", "/folder-out/secret", "/%00", "/js/"])  # fmt: skip
async def test_nothing_else_can_be_had(pages: Path, path: str) -> None:
    async with speaking("berrymse", static=pages) as it:
        head, body = await it.answer(path)
        assert head.startswith(b"HTTP/1.1 404 ")
        assert SECRET.encode() not in body


async def test_files_go_before_what_the_dialect_answers(pages: Path) -> None:
    async with speaking("pistreaming", static=pages) as it:
        head, body = await it.answer("/")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nContent-Type: text/html\r\n" in head
        assert b"script-src" not in head
        assert b"default-src" not in head, "its pages may have scripts inside"
        assert b"\r\nX-Content-Type-Options: nosniff\r\n" in head
        assert body.decode() == PAGE
        assert (await it.answer("/large.bin"))[1] == LARGE
        assert (await it.answer("/a%20b.txt"))[1] == b"blank"
        assert (await it.answer("/index.html", "HEAD"))[1] == b""
        assert await it.status("/index.html", "POST") == 405
        assert await it.status("/nothing") == 404
        async with it.stream("/stream.mjpg") as stream:
            assert stream.headers["content-type"].startswith("multipart/")
        async with it.socket("/index.html", port=it.ports[1]) as stream:
            assert (await binary(stream)).startswith(b"jsmp")


@pytest.mark.parametrize("dialect", [each.name for each in DIALECTS])
async def test_every_dialect_may_have_them(pages: Path, dialect: str) -> None:
    async with speaking(dialect, static=pages) as it:
        for port in it.ports:
            async with Stream.open(port, "/js/demo.js", {"Connection": "close"}) as stream:
                assert (stream.status, await stream.rest()) == (
                    200, (pages / "js/demo.js").read_bytes(),
                )  # fmt: skip


async def test_an_originals_page_on_its_own_port(browser: Browser, pages: Path) -> None:
    async with speaking("berrymse", static=pages) as it:
        page = await browser.open(f"http://127.0.0.1:{it.port}/")
        await page.until("window.opened", 20)
        async with it.socket("/websocket") as stream:
            await init(stream)


async def test_a_large_file_by_tls(pages: Path, tmp_path: Path, needs: Needs) -> None:
    certificate, key = make_certificate(needs("openssl"), tmp_path)
    async with (
        speaking("flask", static=pages, certificate=Certificate(certificate, key)) as it,
        aiohttp.ClientSession() as session,
    ):
        trust = ssl.create_default_context(cafile=certificate)
        url = f"https://localhost:{it.port}/large.bin"
        async with session.get(url, ssl=trust) as answer:
            assert await answer.read() == LARGE


async def test_on_a_private_hub_they_need_a_key_too(pages: Path, tmp_path: Path) -> None:
    path = tmp_path / "key"
    async with speaking("berrymse", static=pages, private=True, key_file=path) as it:
        assert await it.status("/js/demo.js") == 401
        token = Keys(path).sign(Grant("cam", "view"), 60)
        head, _ = await it.answer(f"/?token={token}")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nSet-Cookie: " in head, "what the page shows needs it"


async def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    spec = parse_dialect(f"flask=cam@0,static={tmp_path}/pages")
    with pytest.raises(InputError, match=r"^--dialect flask,static=.*/pages: no such directory$"):
        mount([spec], make_edge("cam"), 80)


TEMPLATE = """<!doctype html><canvas width="${WIDTH}" height="$HEIGHT"></canvas>
<style>body { background: ${BGCOLOR}; color: ${COLOR} }</style><p>$$5 ${ROTATION} $(x)</p>
<script>const url = "ws://${ADDRESS}/", port = ${WS_PORT};
new WebSocket(url).onmessage = () => { window.opened = true; };</script>"""


async def test_the_index_of_pistreaming_is_a_template(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(TEMPLATE)
    (tmp_path / "other.html").write_text(TEMPLATE)
    async with speaking("pistreaming", "cam=pattern:?size=160x120", static=tmp_path) as it:
        port = it.ports[1]
        filled = {path: (await it.answer(path))[1].decode() for path in ("/", "/index.html")}
        assert (await it.answer("/other.html"))[1].decode() == TEMPLATE
        page = await browser.open(f"http://localhost:{it.port}/index.html")
        await page.until("window.opened", 20)
        assert await page.evaluate("url") == f"ws://localhost:{port}/"
    for text in filled.values():
        assert f'const url = "ws://127.0.0.1:{port}/", port = {port};' in text
        assert '<canvas width="160" height="120">' in text
        assert "background: #333; color: #444" in text
        assert "<p>$5 ${ROTATION} $(x)</p>" in text


async def test_no_other_dialect_fills_anything_in(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(TEMPLATE)
    async with speaking("berrymse", static=tmp_path) as it:
        assert (await it.answer("/"))[1].decode() == TEMPLATE


def test_what_is_filled_in_is_no_markup() -> None:
    page = b"<title>$NAME</title>\xff $$ $OTHER ${NAME"
    assert fill(page, {"NAME": '<b>"'}) == b"<title>&lt;b&gt;&quot;</title>\xff $ $OTHER ${NAME"
