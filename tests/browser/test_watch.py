"""The product, seen by those who use it: real browsers, on real pages, showing a moving picture."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from televise.model.source import parse_source
from televise.server import Server
from televise.settings import Settings
from tests.browser.support import Browser, Page
from tests.browser.watching import PLAYER, photographed, shown, stats
from tests.support.server import Serving, serving
from tests.support.waiting import until

FPS = 25
PATTERN = f"cam=pattern:?size=640x360&fps={FPS}&tone=440"


async def open_page(browser: Browser, tv: Serving, path: str, javascript: bool = True) -> Page:
    return await browser.open(f"http://{tv.authority}{path}", javascript)


@pytest.mark.parametrize("rung", ["mse", "mjpeg"])
async def test_a_rung_shows_the_channel_at_the_rate_of_its_source(
    browser: Browser, rung: str
) -> None:
    async with serving(PATTERN) as tv:
        page = await open_page(browser, tv, "/cam")
        await page.evaluate(f"{PLAYER}.setAttribute('rung', '{rung}')")
        await page.until(f"{PLAYER}.stats?.rung === '{rung}' && {PLAYER}.stats.fps > 1", 40)
        first = await shown(page)
        last = first
        while last.number - first.number < 3 * FPS:
            last = await shown(page, other_than=last)
        # Both are read from the picture: so many numbers later, so much later by its clock.
        passed_seconds = (last.milliseconds - first.milliseconds) / 1000
        assert last.number - first.number == pytest.approx(passed_seconds * FPS, abs=2)
        assert (await stats(page))["reconnects"] == 0


async def test_the_best_rung_is_chosen(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await open_page(browser, tv, "/cam")
        await shown(page)
        assert (await stats(page))["rung"] == "mse"
        assert await page.evaluate(f"{PLAYER}.muted") is True
        assert not [line for line in page.console if line.startswith("error")]


async def test_the_page_plays_what_its_query_asks_for(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await open_page(browser, tv, "/cam?w=160")
        picture = f"{PLAYER}.picture"
        await page.until(f"({picture}?.videoWidth || {picture}?.width) === 160", 40)


async def test_without_javascript_there_is_a_moving_picture(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await open_page(browser, tv, "/cam", javascript=False)
        first = await photographed(page, "tele-vision img")
        second = await photographed(page, "tele-vision img", other_than=first)
        assert second.number > first.number


async def test_all_channels_move_on_the_first_page(browser: Browser) -> None:
    async with serving(PATTERN, "door=pattern:?size=320x240&fps=15") as tv:
        page = await open_page(browser, tv, "/")
        everywhere = "[...document.querySelectorAll('tele-vision')]"
        assert await page.until(f"{everywhere}.length") == 2
        await page.until(f"{everywhere}.every(each => each.stats?.fps > 1)", 40)


async def test_a_real_clip_passes_through_with_sound(
    browser: Browser, clip: Callable[[str], Path]
) -> None:
    async with serving(f"film={clip('bigbuckbunny.mp4')}") as tv:
        page = await open_page(browser, tv, "/film")
        await page.until(f"{PLAYER}.stats?.fps > 5", 40)
        told = await stats(page)
        assert (told["rung"], told["width"], told["height"]) == ("mse", 1280, 720)
        tracks = (await tv.json("/api/channels/film"))["renditions"][0]["tracks"]
        assert [track["delivery"] for track in tracks] == ["passthrough", "passthrough"]
        await page.evaluate(f"{PLAYER}.muted = false")
        has_sound = "(video => video?.mozHasAudio || video?.webkitAudioDecodedByteCount > 0)"
        await page.until(f"{has_sound}({PLAYER}.picture)", 40)


async def test_a_killed_worker_is_survived_on_the_same_connection(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await open_page(browser, tv, "/cam")
        before = await shown(page)
        epoch = (await stats(page))["epoch"]
        worker = await until(lambda: tv.channel().worker or 0)
        os.kill(worker, signal.SIGKILL)
        await until(lambda: tv.channel().worker not in (None, worker))
        # The new worker counts its pictures from the beginning.
        await page.until(f"{PLAYER}.stats?.epoch > {epoch} && {PLAYER}.stats.fps > 1", 40)
        after = await shown(page, other_than=before)
        await shown(page, other_than=after)
        assert (await stats(page))["reconnects"] == 0


async def test_a_restarted_server_is_found_again(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await open_page(browser, tv, "/cam")
        before = await shown(page)
        await tv.server.close()
        await page.until(f"{PLAYER}.stats?.state === 'reconnecting'", 40)
        again = Server([parse_source(PATTERN)], Settings(port=tv.port))
        await again.start()
        try:
            await page.until(f"{PLAYER}.stats?.state === 'live'", 40)
            after = await shown(page, other_than=before)
            await shown(page, other_than=after)
        finally:
            await again.close()


async def test_a_source_that_goes_and_returns_is_told_and_shown(browser: Browser) -> None:
    async with (
        serving("origin=pattern:?size=320x240&fps=15") as origin,
        serving(f"cam=http://{origin.authority}/origin.mjpg") as tv,
    ):
        page = await open_page(browser, tv, "/cam")
        before = await shown(page)
        await origin.server.close()
        await page.until(f"['offline', 'stalled'].includes({PLAYER}.stats?.state)", 40)
        specs = [parse_source("origin=pattern:?size=320x240&fps=15")]
        again = Server(specs, Settings(port=origin.port))
        await again.start()
        try:
            await page.until(f"{PLAYER}.stats?.state === 'live'", 40)
            after = await shown(page, other_than=before)
            await shown(page, other_than=after)
            assert (await stats(page))["reconnects"] == 0
        finally:
            await again.close()


async def test_a_hidden_page_takes_nothing(browser: Browser) -> None:
    hide = """(hidden => {
      Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
      Object.defineProperty(document, 'visibilityState',
        {configurable: true, get: () => hidden ? 'hidden' : 'visible'});
      document.dispatchEvent(new Event('visibilitychange'));
      return true;
    })"""
    async with serving(PATTERN) as tv:
        page = await open_page(browser, tv, "/cam")
        before = await shown(page)
        await page.evaluate(f"{hide}(true)")
        await until(lambda: all(not encoding.users for encoding in tv.channel().encodings))
        await page.evaluate(f"{hide}(false)")
        after = await shown(page, other_than=before)
        assert after.number > before.number


async def test_an_unknown_channel_offers_the_others(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        await tv.is_live()
        page = await open_page(browser, tv, "/attic")
        text = await page.evaluate("document.body.innerText")
        assert "No channel" in text
        assert "cam" in text


async def test_since_when_it_is_offline_is_what_the_server_knows(browser: Browser) -> None:
    async with serving("door=publish:") as tv:
        await until(lambda: tv.channel("door").state == "offline")
        tv.channel("door").since -= 3600
        page = await browser.open(f"http://{tv.authority}/door")
        await page.until(
            f"{PLAYER}.shadowRoot.querySelector('.notice').innerText.includes('for 1 h 0 min')"
        )
