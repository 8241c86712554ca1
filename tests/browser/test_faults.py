"""What breaks between browser and server: the player shows a moving picture again by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.browser.support import Browser, Page
from tests.browser.support.proxy import Proxy
from tests.browser.watching import PLAYER, moves, play, stats
from tests.support.server import Serving, serving
from tests.support.waiting import until

PATTERN = "cam=pattern:?size=320x240&fps=25&tone=440"
WEBSOCKETS = "Upgrade: websocket"


@asynccontextmanager
async def behind_proxy(prefix: str = "") -> AsyncIterator[tuple[Proxy, Serving]]:
    """A server, and the proxy that browsers reach it by."""
    async with (
        Proxy(prefix).running() as proxy,
        serving(PATTERN, origins=[f"http://{proxy.authority}"]) as tv,
    ):
        proxy.server_port = tv.port
        yield proxy, tv


async def open_player(browser: Browser, proxy: Proxy, latency: str = "low") -> Page:
    page = await browser.open(f"{proxy.url}/cam")
    await page.evaluate(f"{PLAYER}.setAttribute('latency', '{latency}')")
    # A reload would lose it.
    await page.evaluate("(() => { window.untouched = true; })()")
    return page


async def plays_on(page: Page, rung: str) -> None:
    """Pictures move on this rung, in the page that was there before."""
    await play(page, rung)
    await moves(page)
    assert await page.evaluate("untouched") is True


async def test_a_line_that_was_cut_once_is_taken_up_again(browser: Browser) -> None:
    async with behind_proxy() as (proxy, _):
        page = await open_player(browser, proxy, "smooth")
        await plays_on(page, "mse")
        proxy.cut(WEBSOCKETS)
        proxy.mend()
        assert proxy.cut_connections == 1
        await page.until(f"{PLAYER}.stats.reconnects === 1", 40)
        await page.until(f"{PLAYER}.stats.state === 'live'", 40)
        await plays_on(page, "mse")


async def test_streams_that_stay_cut_are_followed_by_others(browser: Browser) -> None:
    async with behind_proxy() as (proxy, _):
        page = await open_player(browser, proxy)
        await plays_on(page, "webcodecs")
        steps = {".mp4": "jsmpeg", ".ts": "mjpeg", ".mjpg": "gif", ".gif": "image"}
        for extension, following in steps.items():
            before = proxy.cut_connections
            proxy.cut(f"/cam{extension}")
            assert proxy.cut_connections > before
            await plays_on(page, following)
        assert (await stats(page))["reason"].endswith("now image")


async def test_streams_that_stall_are_followed_by_others(browser: Browser) -> None:
    async with behind_proxy() as (proxy, _):
        page = await open_player(browser, proxy)
        await plays_on(page, "webcodecs")
        for stalled, following in [
            ("webcodecs", "mse"),
            ("mse", "jsmpeg"),
            ("jsmpeg", "mjpeg"),
            ("mjpeg", "gif"),
            ("gif", "image"),
        ]:
            before = proxy.withheld_bytes
            proxy.stall("/cam.gif" if stalled == "gif" else WEBSOCKETS)
            proxy.mend()
            await until(lambda before=before: proxy.withheld_bytes > before)  # type: ignore[misc]
            await plays_on(page, following)
            assert (await stats(page))["reason"] == f"{stalled}: stalled 3 s, now {following}"


@pytest.mark.parametrize("fault", ["cut", "stall"])
async def test_where_no_websocket_gets_through_pictures_come_over_http(
    browser: Browser, fault: str
) -> None:
    async with behind_proxy() as (proxy, _):
        getattr(proxy, fault)(WEBSOCKETS)
        page = await open_player(browser, proxy, "smooth")
        await plays_on(page, "gif")
        assert proxy.cut_connections or proxy.withheld_bytes
        assert (await stats(page))["reason"] == "mse: no WebSocket gets through, now gif"


async def test_a_decoder_that_could_not_be_loaded_once_is_loaded_again(browser: Browser) -> None:
    async with behind_proxy() as (proxy, _):
        page = await open_player(browser, proxy)
        proxy.cut("televise-mpeg1.js")
        await page.evaluate(f"{PLAYER}.setAttribute('rung', 'jsmpeg')")
        await page.until(f"{PLAYER}.stats.reason.includes('cannot be loaded')", 40)
        assert proxy.cut_connections
        proxy.mend()
        await plays_on(page, "jsmpeg")


async def test_a_server_that_holds_up_everything_is_waited_for(browser: Browser) -> None:
    async with behind_proxy() as (proxy, _):
        page = await open_player(browser, proxy, "smooth")
        await plays_on(page, "mse")
        proxy.stall("HTTP/1.1")
        await page.until(f"{PLAYER}.stats.state === 'reconnecting'", 40)
        assert proxy.withheld_bytes
        assert (await stats(page))["rung"] == "mse"
        proxy.mend()
        await page.until(f"{PLAYER}.stats.state === 'live'", 40)
        await plays_on(page, "mse")


@pytest.mark.parametrize("rung", ["mse", "jsmpeg", "mjpeg", "gif"])
async def test_all_that_the_player_loads_is_found_below_a_path(browser: Browser, rung: str) -> None:
    async with behind_proxy("/live") as (proxy, _):
        page = await browser.open(f"{proxy.url}/nobody")
        script = f"{proxy.url}/assets/televise.js"
        await page.evaluate(f"import('{script}').then(() => true)")
        await page.evaluate(
            "(() => { const player = document.createElement('tele-vision');"
            f"player.setAttribute('rung', '{rung}'); player.setAttribute('src', 'cam');"
            "const wall = document.createElement('div'); wall.dataset.wall = '';"
            "wall.append(player); document.body.replaceChildren(wall);"
            "window.untouched = true; })()"
        )
        await plays_on(page, rung)
        await page.until(f"{PLAYER}.stats.state === 'live'", 40)
