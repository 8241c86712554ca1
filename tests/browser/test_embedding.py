"""The player on a page of another site, which the server may allow or not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.browser.support import Browser
from tests.browser.watching import PLAYER, moves, play
from tests.support.server import serving

PATTERN = "cam=pattern:?size=320x240&fps=25"


class Site:
    """A second server with a plain HTML page."""

    def __init__(self) -> None:
        self.html = ""
        self.origin = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Site"]:
        app = web.Application()
        app.add_routes([web.get("/", self._page)])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def show(self, script: str, channel: str, rung: str) -> None:
        self.html = (
            f'<!doctype html><script type="module" src="{script}"></script>'
            f'<tele-vision src="{channel}" rung="{rung}"></tele-vision>'
        )

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=self.html, content_type="text/html")


async def test_an_allowed_site_shows_the_channel(browser: Browser) -> None:
    async with Site().running() as site, serving(PATTERN, origins=[site.origin]) as tv:
        hub = f"http://{tv.authority}"
        site.show(f"{hub}/assets/televise.js", f"{hub}/cam", "jsmpeg")
        page = await browser.open(f"{site.origin}/")
        # The one that loads a further file of the player, from the server and not from the site.
        await play(page, "jsmpeg")
        await moves(page)
        for rung in ("mse", "mjpeg", "gif"):
            await page.evaluate(f"{PLAYER}.setAttribute('rung', '{rung}')")
            await play(page, rung)
            await moves(page)


async def test_a_site_that_is_not_allowed_is_told_so(browser: Browser) -> None:
    async with Site().running() as site, serving(PATTERN) as tv:
        hub = f"http://{tv.authority}"
        site.show(f"{hub}/assets/televise.js", f"{hub}/cam", "mse")
        page = await browser.open(f"{site.origin}/")
        text = await page.until(f"{PLAYER}.stats?.text", 40)
        assert text == f"{tv.authority} does not answer, or does not allow pages of {site.origin}"
        assert tv.watching == 0
