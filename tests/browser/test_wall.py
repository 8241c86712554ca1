"""Many small players on one page: one WebSocket for all, and nothing for those out of sight."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.browser.support import Browser, Page
from tests.browser.support.proxy import Proxy
from tests.support.server import Serving, serving
from tests.support.waiting import until

CHANNELS = ("cam", "door", "yard")
SOURCES = [f"{name}=pattern:?size=160x120&fps=10" for name in CHANNELS]
TILES = 30
HIDE = """(hidden => {
  Object.defineProperty(document, "visibilityState",
    { configurable: true, get: () => hidden ? "hidden" : "visible" });
  document.dispatchEvent(new Event("visibilitychange"));
})"""

# Counts the sockets that the page opens from now on, and what it says on them.
COUNT = """(() => {
  window.sockets = [];
  const Whole = WebSocket;
  window.WebSocket = class extends Whole {
    constructor(url, protocols) {
      super(window.refuseWall && String(url).includes("/api/wall") ? "/nowhere" : url, protocols);
      sockets.push({ path: new URL(url).pathname, texts: [] });
      this.record = sockets.at(-1);
    }
    send(text) { this.record.texts.push(JSON.parse(text)); super.send(text); }
  };
})()"""
# A wall of its own, in place of whatever the page shows.
BUILD = """((count, names) => {
  const wall = document.createElement("div");
  wall.dataset.wall = "";
  wall.style.cssText = "display: grid; grid-template-columns: repeat(10, 100px)";
  for (let index = 0; index < count; index++) {
    const tile = document.createElement("tele-vision");
    tile.setAttribute("src", `/${names[index % names.length]}?w=80&fps=5`);
    tile.setAttribute("rung", "mjpeg");
    wall.append(tile);
  }
  document.body.replaceChildren(wall);
})"""
ALL = "[...document.querySelectorAll('tele-vision')]"


async def open_wall(
    browser: Browser,
    tv: Serving | Proxy,
    count: int = TILES,
    first: str = "0",
    names: Sequence[str] = CHANNELS,
) -> Page:
    page = await browser.open(f"http://{tv.authority}/nobody")
    await page.until("customElements.get('tele-vision') !== undefined", 40)
    await page.evaluate(COUNT)
    await page.evaluate(first)
    await page.evaluate(f"{BUILD}({count}, {list(names)})")
    return page


async def all_move(page: Page, which: str = "true") -> None:
    await page.until(f"{ALL}.filter(tile => {which}).every(tile => tile.stats?.fps > 1)", 60)


async def sockets(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await page.evaluate("sockets")
    return found


def is_watched(tv: Serving, name: str) -> bool:
    return any(encoding.users for encoding in tv.channel(name).encodings)


async def test_thirty_tiles_share_one_socket(browser: Browser) -> None:
    async with serving(*SOURCES) as tv:
        page = await open_wall(browser, tv)
        await all_move(page)
        [socket] = await sockets(page)
        assert socket["path"] == "/api/wall"
        watched = [text for text in socket["texts"] if text["type"] == "watch"]
        assert sorted(text["channel"] for text in watched) == sorted(CHANNELS)
        assert watched[0] | {"channel": ""} == {"type": "watch", "channel": "", "w": 80, "fps": 5}
        told = await page.evaluate(f"{ALL}.map(tile => [tile.stats.state, tile.stats.rung])")
        assert told == [["live", "mjpeg"]] * TILES
        # The one exchange of clocks serves all.
        ages = await page.evaluate(f"{ALL}.map(tile => tile.stats.ageSeconds)")
        assert all(-0.05 < age < 5 for age in ages)
        # So does the one allowance of reports.
        shown = tv.edge.census.ages.of_channel
        await until(lambda: all("shown" in shown(tv.channel(name)) for name in CHANNELS))


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)
async def test_thirty_channels_share_one_socket_and_cost_nothing_unseen(browser: Browser) -> None:
    names = [f"cam{number}" for number in range(TILES)]
    sources = [f"{name}=pattern:?size=160x120&fps=5" for name in names]
    async with serving(*sources) as tv:
        page = await open_wall(browser, tv, names=names)
        await all_move(page)
        assert [socket["path"] for socket in await sockets(page)] == ["/api/wall"]
        assert tv.watching == 1
        await until(lambda: all(is_watched(tv, name) for name in names))
        workers = {tv.channel(name).worker for name in names}
        assert len(workers - {None}) == TILES
        # Scrolled away: all but the first row of ten.
        await page.evaluate(f"(() => {{ {ALL}[10].parentElement.style.rowGap = '5000px'; }})()")
        await until(lambda: not any(is_watched(tv, name) for name in names[10:]))
        assert all(is_watched(tv, name) for name in names[:10])
        # The whole tab is in the back: what lingers is encoded no more, and the socket goes.
        await page.evaluate(f"{HIDE}(true)")
        await until(lambda: tv.watching == 0)
        await until(lambda: not any(tv.channel(name).encodings for name in names))
        await page.evaluate(f"(() => {{ {ALL}[10].parentElement.style.rowGap = ''; }})()")
        await page.evaluate(f"{HIDE}(false)")
        await until(lambda: all(is_watched(tv, name) for name in names))
        await all_move(page)
        paths = [socket["path"] for socket in await sockets(page)]
        assert paths == ["/api/wall"] * 2
        assert tv.watching == 1


async def test_tiles_out_of_sight_cost_nothing(browser: Browser) -> None:
    async with serving(*SOURCES) as tv:
        page = await open_wall(browser, tv, 3)
        await all_move(page)
        assert is_watched(tv, "door")
        await page.evaluate(f"(() => {{ {ALL}[1].style.marginTop = '5000px'; }})()")
        await until(lambda: not is_watched(tv, "door"))
        assert is_watched(tv, "cam")
        assert await page.evaluate(f"{ALL}[1].stats.state") == "paused"
        await page.evaluate(f"(() => {{ {ALL}[1].style.marginTop = ''; }})()")
        await until(lambda: is_watched(tv, "door"))
        await all_move(page)
        assert len(await sockets(page)) == 1


async def test_the_socket_closes_with_the_last_tile(browser: Browser) -> None:
    async with serving(*SOURCES) as tv:
        page = await open_wall(browser, tv, 3)
        await all_move(page)
        await page.evaluate("document.body.replaceChildren()")
        await until(lambda: tv.watching == 0)
        assert not any(is_watched(tv, name) for name in CHANNELS)


async def test_a_wall_that_is_refused_is_replaced_by_sockets_of_each_tile(
    browser: Browser,
) -> None:
    async with serving(*SOURCES) as tv:
        page = await open_wall(browser, tv, 3, first="window.refuseWall = true")
        await all_move(page)
        paths = [socket["path"] for socket in await sockets(page)]
        # Once may be chance.
        assert sorted(paths) == ["/api/wall"] * 2 + sorted(f"/{name}.mjpg" for name in CHANNELS)


async def test_a_wall_comes_back_with_its_server(browser: Browser) -> None:
    async with Proxy().running() as proxy:
        origins = [f"http://{proxy.authority}"]
        async with serving(*SOURCES, origins=origins) as tv:
            proxy.server_port = tv.port
            page = await open_wall(browser, proxy, 3)
            await all_move(page)
        await page.until(
            f"{ALL}.every(tile => tile.stats.text === 'the server does not answer')", 40
        )
        async with serving(*SOURCES, origins=origins) as tv:
            proxy.server_port = tv.port
            await page.until(f"{ALL}.every(tile => tile.stats.state === 'live')", 40)
            await all_move(page)
        assert {socket["path"] for socket in await sockets(page)} == {"/api/wall"}


async def test_a_channel_that_is_not_there_troubles_no_other(browser: Browser) -> None:
    async with serving(*SOURCES) as tv:
        page = await open_wall(browser, tv, 3)
        await page.evaluate(f"{ALL}[0].setAttribute('src', '/attic?w=80&fps=5')")
        await all_move(page, "!tile.getAttribute('src').startsWith('/attic')")
        text = await page.until(f"{ALL}[0].stats.text", 40)
        assert "attic" in text
        assert await page.evaluate(f"{ALL}[0].stats.state") == "offline"
        assert len(await sockets(page)) == 1
