"""The originals' own scripts, unmodified, in real browsers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.browser.support import Browser
from tests.browser.watching import photographed
from tests.dialects.speaking import speaking

MODULES = Path(__file__).parents[2] / "player" / "node_modules"
# By dialect: the script, and how its author's page starts it.
CLIENTS = {
    "jsmpeg_relay": (
        "@cycjimmy/jsmpeg-player/dist/jsmpeg-player.umd.min.js",
        "new JSMpeg.Player(url, {canvas, audio: false, onVideoDecode: count})",
    ),
    "pistreaming": (
        "jsmpeg/jsmpg.js",
        "new jsmpeg(new WebSocket(url), {canvas, ondecodeframe: count})",
    ),
}
# `jsmpg.js` looks for the module that it is in some places.
PAGE = """<!doctype html><canvas></canvas><script>var module = {};</script>
<script src="/client.js"></script>
<script>
var canvas = document.querySelector("canvas"), url = "ws://127.0.0.1:%d/", decoded = 0;
function count() { decoded += 1; }
%s;
</script>"""


@asynccontextmanager
async def site(script: Path, html: list[str]) -> AsyncIterator[str]:
    """A page of another server, as the original's own; its origin."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=html[0], content_type="text/html")

    async def client(_: web.Request) -> web.FileResponse:
        return web.FileResponse(script)

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/client.js", client)])
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize("dialect", CLIENTS)
async def test_their_pictures_move(browser: Browser, dialect: str) -> None:
    script, start = CLIENTS[dialect]
    if not (MODULES / script).is_file():
        pytest.skip("the originals' scripts are not here: make install")
    html: list[str] = []
    async with (
        site(MODULES / script, html) as origin,
        speaking(dialect, "cam=pattern:?size=320x240&fps=25", origins=[origin]) as it,
    ):
        html.append(PAGE % (it.ports[1], start))
        page = await browser.open(f"{origin}/")
        await page.until("decoded > 50", 40)
        first = await photographed(page, "canvas")
        second = await photographed(page, "canvas", other_than=first)
        assert second.number > first.number
