"""The player's ladder in real browsers: every rung shows the channel, and each failure leads on."""

from pathlib import Path

import pytest
from PIL import Image

from tests.browser.support import Browser, Page
from tests.browser.watching import PLAYER, READER, moves, play, shown, stats
from tests.support.server import Serving, serving
from tests.support.waiting import until

FPS = 25
PATTERN = f"cam=pattern:?size=320x240&fps={FPS}&tone=440"

NEVER = "() => { throw new Error('blocked by the test') }"
# What breaks a rung while it plays.
BREAK = {
    "webcodecs": f"VideoDecoder.prototype.decode = {NEVER}",
    "mse": f"SourceBuffer.prototype.appendBuffer = {NEVER}",
    "jsmpeg": f"CanvasRenderingContext2D.prototype.putImageData = {NEVER}",
    "mjpeg": "window.createImageBitmap = () => Promise.reject(new Error('blocked by the test'))",
}
# What a browser without them looks like.
REMOVE = "delete window.VideoDecoder; delete window.MediaSource; delete window.ManagedMediaSource"
# The stamp in the PNG that a person would be given.
SNAPSHOT = f"""(async () => {{
  {READER}
  const picture = await createImageBitmap(await {PLAYER}.snapshot());
  return readBarcode(picture, picture.width, picture.height);
}})()"""


def picture(path: Path) -> None:
    """A still one."""
    Image.new("RGB", (320, 240), "teal").save(path)


async def open_player(browser: Browser, tv: Serving, **attributes: str) -> Page:
    """The watch page, with its player's attributes changed; it plays."""
    page = await browser.open(f"http://{tv.authority}/cam")
    for name, value in attributes.items():
        await page.evaluate(f"{PLAYER}.setAttribute('{name}', '{value}')")
    return page


@pytest.mark.parametrize("rung", ["webcodecs", "jsmpeg"])
async def test_a_rung_shows_the_channel_at_the_rate_of_its_source(
    browser: Browser, rung: str
) -> None:
    async with serving(PATTERN) as tv:
        page = await open_player(browser, tv, rung=rung)
        await play(page, rung)
        first = last = await shown(page)
        while last.number - first.number < 3 * FPS:
            last = await shown(page, other_than=last)
        passed_seconds = (last.milliseconds - first.milliseconds) / 1000
        assert last.number - first.number == pytest.approx(passed_seconds * FPS, abs=2)
        told = await stats(page)
        assert told["reconnects"] == 0
        assert told["fps"] > FPS / 2
        assert not [line for line in page.console if "Security Policy" in line]


@pytest.mark.parametrize("rung", ["gif", "image"])
async def test_without_a_websocket_the_picture_moves(browser: Browser, rung: str) -> None:
    async with serving("cam=pattern:?size=640x360&fps=10") as tv:
        page = await open_player(browser, tv, rung=rung)
        await play(page, rung)
        await moves(page)
        await page.until(f"{PLAYER}.stats.state === 'live'", 40)
        await page.until(f"{PLAYER}.stats.bytesPerSecond > 1000")
        assert (await stats(page))["reason"] == "asked for"


async def test_a_gif_of_a_channel_at_a_high_rate(browser: Browser) -> None:
    async with serving("cam=pattern:?size=320x240&fps=60") as tv:
        page = await open_player(browser, tv, rung="gif", src="/cam?fps=60")
        await play(page, "gif")
        await moves(page)


async def test_two_players_show_the_same_gif(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await open_player(browser, tv, rung="gif")
        await page.evaluate(
            f"(() => {{ const other = {PLAYER}.cloneNode(); document.body.append(other);"
            "for (const each of [other, document.querySelector('tele-vision')])"
            "Object.assign(each.style, {position: 'fixed', inset: '0 auto auto 0', width: '50px'});"
            "})()"
        )
        everyone = "[...document.querySelectorAll('tele-vision')]"
        await page.until(f"{everyone}.every(each => each.stats.rung === 'gif')")
        await page.until(f"{everyone}.every(each => each.stats.fps > 1)", 40)


@pytest.mark.parametrize("rung", ["mse", "webcodecs", "jsmpeg", "mjpeg", "gif", "image"])
async def test_a_snapshot_is_the_picture(browser: Browser, rung: str) -> None:
    async with serving(PATTERN) as tv:
        page = await open_player(browser, tv, rung=rung)
        await play(page, rung)
        await page.until(SNAPSHOT, 40)


async def test_a_gif_of_a_still_scene_has_not_stalled(browser: Browser, tmp_path: Path) -> None:
    picture(tmp_path / "one.jpg")
    async with serving(f"cam=dir:{tmp_path}") as tv:
        page = await open_player(browser, tv, rung="gif")
        await page.evaluate(
            f"(() => {{ window.told = []; for (const name of ['stalled', 'rungchange'])"
            f" {PLAYER}.addEventListener(name, ({{ type }}) => told.push(type)); }})()"
        )
        await page.until(f"{PLAYER}.stats.rung === 'gif' && {PLAYER}.stats.fps > 0", 40)
        before = tv.pumps[0].sent
        await until(lambda: tv.pumps[0].sent > before + 5, 20)
        assert (await stats(page))["state"] == "live"
        assert "stalled" not in await page.evaluate("told")
        assert (await stats(page))["rung"] == "gif"


@pytest.mark.parametrize(
    ("latency", "rung"), [("low", "webcodecs"), ("smooth", "mse"), ("unheard-of", "mse")]
)
async def test_the_page_says_what_matters_more(browser: Browser, latency: str, rung: str) -> None:
    async with serving(PATTERN) as tv:
        page = await open_player(browser, tv, latency=latency)
        await play(page, rung)


@pytest.mark.parametrize(
    ("latency", "broken", "following"),
    [
        ("smooth", ["mse"], "webcodecs"),
        ("low", ["webcodecs"], "mse"),
        ("low", ["webcodecs", "mse"], "jsmpeg"),
        ("low", ["webcodecs", "mse", "jsmpeg"], "mjpeg"),
        ("low", ["webcodecs", "mse", "jsmpeg", "mjpeg"], "gif"),
    ],
)
async def test_a_rung_that_breaks_while_it_plays_is_followed_by_the_next(
    browser: Browser, latency: str, broken: list[str], following: str
) -> None:
    async with serving(PATTERN) as tv:
        page = await open_player(browser, tv, latency=latency)
        for rung in broken[:-1]:
            await page.evaluate(f"(() => {{ {BREAK[rung]}; }})()")
        await play(page, broken[-1])
        await page.evaluate(f"(() => {{ {BREAK[broken[-1]]}; }})()")
        await page.until(f"{PLAYER}.stats.rung === '{following}'", 40)
        await moves(page)
        reason = (await stats(page))["reason"]
        assert reason.startswith(f"{broken[-1]}: ")
        assert reason.endswith(f", now {following}")
        await page.evaluate(f"{PLAYER}.setAttribute('stats', '')")
        panel = f"{PLAYER}.shadowRoot.querySelector('.stats').textContent"
        await page.until(f"{panel}.includes(`{reason}`)")


async def test_a_rung_that_the_browser_lacks_is_passed_over(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await open_player(browser, tv)
        await play(page, "mse")
        await page.evaluate(f"(() => {{ {REMOVE}; }})()")
        await page.evaluate(f"{PLAYER}.setAttribute('latency', 'low')")
        await play(page, "jsmpeg")
        reason = (await stats(page))["reason"]
        assert "mse: no MediaSource" in reason
        assert "webcodecs: no VideoDecoder" in reason


async def test_pictures_that_do_not_come_are_missed_after_three_seconds(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await open_player(browser, tv)
        await play(page, "mse")
        # It takes everything, and shows nothing.
        await page.evaluate("(() => { SourceBuffer.prototype.appendBuffer = () => {}; })()")
        await play(page, "webcodecs")
        assert (await stats(page))["reason"] == "mse: stalled 3 s, now webcodecs"


async def test_a_cut_line_leads_to_rungs_that_need_no_websocket(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await open_player(browser, tv)
        await play(page, "mse")
        # A port on which nobody answers.
        await page.evaluate(
            "(() => { const Whole = WebSocket; window.WebSocket = class extends Whole {"
            "constructor() { super('ws://127.0.0.1:1') } }; })()"
        )
        await page.evaluate(f"{PLAYER}.setAttribute('src', '/cam?again')")
        await page.until(f"{PLAYER}.stats.rung === 'gif' && {PLAYER}.stats.width > 0", 40)
        assert (await stats(page))["reason"] == "mse: no WebSocket gets through, now gif"


async def test_who_joins_far_behind_a_keyframe_is_given_time_to_catch_up(browser: Browser) -> None:
    async with serving("cam=pattern:?size=320x240&fps=120") as tv:
        page = await open_player(browser, tv, rung="webcodecs")
        await play(page, "webcodecs")
        await page.evaluate(
            f"(() => {{ window.told = []; {PLAYER}.addEventListener('rungchange',"
            " ({ detail }) => told.push(detail.reason)); })()"
        )
        [pump] = tv.pumps
        log = pump.muxed.log
        await until(lambda: log.end - (log.newest_keyframe or log.end) > 150)
        await page.evaluate(f"{PLAYER}.setAttribute('src', '/cam?late')")
        await play(page, "webcodecs")
        await moves(page)
        assert await page.evaluate("told") == ["asked for"]


@pytest.mark.parametrize("rung", ["mse", "gif", "image"])
async def test_a_query_that_cannot_be_is_explained_and_stays_so(
    browser: Browser, rung: str
) -> None:
    async with serving(PATTERN) as tv:
        page = await browser.open(f"http://{tv.authority}/nobody")
        script = f"http://{tv.authority}/assets/televise.js"
        await page.evaluate(f"import('{script}').then(() => true)")
        await page.evaluate(
            "(() => { window.told = []; const player = document.createElement('tele-vision');"
            "player.addEventListener('statechange', ({ detail }) => told.push(detail.text));"
            "player.addEventListener('rungchange', ({ detail }) => told.push(detail.rung));"
            f"player.setAttribute('rung', '{rung if rung != 'mse' else ''}');"
            "player.setAttribute('src', 'cam?w=3'); document.body.replaceChildren(player); })()"
        )
        asked = "performance.getEntriesByType('resource').filter(it => it.name.includes('w=3'))"
        await page.until(f"{asked}.length > 3", 40)
        told = [each for each in await page.evaluate("told") if each]
        assert told == [rung, "w=3: even from 16 to 4096 (width in pixels)"]


async def test_a_server_that_is_full_is_explained(browser: Browser) -> None:
    async with serving(PATTERN, max_viewers=1) as tv, tv.stream("/cam.mjpg"):
        page = await open_player(browser, tv)
        await page.until(f"{PLAYER}.stats?.text.includes('1 viewers already')", 40)
        notice = f"{PLAYER}.shadowRoot.querySelector('.notice').innerText"
        await page.until(f"{notice}.includes('Connecting')", 40)
