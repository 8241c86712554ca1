"""What the element tells the page: its events, and the console where an attribute is wrong."""

import os
import signal

import pytest

from televise.hub.supervisor import Supervisor
from tests.browser.support import Browser
from tests.browser.watching import PLAYER, play, shown
from tests.support.server import serving
from tests.support.waiting import until

PATTERN = "cam=pattern:?size=320x240&fps=25"
# On the document: the events bubble.
LISTEN = """(() => {
  window.told = [];
  for (const name of ['playing', 'stalled', 'rungchange', 'latency', 'statechange'])
    document.addEventListener(name, ({ type, detail }) => told.push({ type, ...detail }));
})()"""
# The notice's place in the player, as shares of its width and height.
PLACE = f"""(() => {{
  const notice = {PLAYER}.shadowRoot.querySelector('.notice').getBoundingClientRect();
  const whole = {PLAYER}.getBoundingClientRect();
  return [notice.width / whole.width, notice.height / whole.height];
}})()"""
# Whatever the server says of the channel, the player hears that it is offline.
OFFLINE = """(() => {
  const { parse } = JSON;
  JSON.parse = text => {
    const message = parse(text);
    return message.state ? { ...message, state: "offline", text: "unplugged" } : message;
  };
})()"""
# Which of the two was told last.
NEWEST = "told.findLast(it => it.type === 'stalled' || it.type === 'playing')?.type"
OPACITY = f"Number(getComputedStyle({PLAYER}.picture).opacity)"


async def test_an_unknown_rung_lists_the_known_ones(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await browser.open(f"http://{tv.authority}/cam")
        await page.evaluate(f"{PLAYER}.setAttribute('rung', 'flash')")
        await play(page, "mse")
        text = "\n".join(page.console)
        assert "there are mse, webcodecs, jsmpeg, mjpeg, gif, image" in text


async def test_an_unknown_latency_lists_the_known_ones(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await browser.open(f"http://{tv.authority}/cam")
        await page.evaluate(f"{PLAYER}.setAttribute('latency', 'quick')")
        await play(page, "mse")
        assert "there is no such latency; there are low, smooth" in "\n".join(page.console)


async def test_the_events_tell_what_happens(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await browser.open(f"http://{tv.authority}/cam")
        await page.evaluate(LISTEN)
        await page.evaluate(f"{PLAYER}.setAttribute('rung', 'webcodecs')")
        await page.until("told.some(it => it.type === 'latency')", 40)
        told = await page.evaluate("told")
        first = {it["type"]: it for it in reversed(told)}
        assert "playing" in first
        assert first["rungchange"] == {
            "type": "rungchange",
            "rung": "webcodecs",
            "reason": "asked for",
        }
        assert -0.05 < first["latency"]["seconds"] < 5
        assert [it for it in told if it["type"] == "statechange"][-1]["state"] == "live"


async def test_pictures_that_stop_and_go_on_are_told(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server would miss the worker and start another one, perhaps before a busy page sees it.
    monkeypatch.setattr(Supervisor, "silent_ticks", 1000)
    async with serving(PATTERN) as tv:
        page = await browser.open(f"http://{tv.authority}/cam")
        before = await shown(page)
        await page.evaluate(LISTEN)
        worker = await until(lambda: tv.channel().worker or 0)
        os.kill(worker, signal.SIGSTOP)
        # A page on a busy machine may be told of a short halt before.
        await page.until(f"{NEWEST} === 'stalled'", 40)
        # Nothing comes: the words cover the picture, which is dimmed.
        await page.until(f"{OPACITY} < 0.3", 40)
        assert await page.until(f"{PLACE}.every(share => share > 0.99)", 40)
        assert await page.evaluate(NEWEST) == "stalled"
        await page.evaluate("told.length = 0")
        os.kill(worker, signal.SIGCONT)
        await page.until("told.some(it => it.type === 'playing')", 40)
        await shown(page, other_than=before)


async def test_words_do_not_cover_pictures_that_still_come(browser: Browser) -> None:
    """The server may send pictures of a source that is away: they say so themselves."""
    async with serving(PATTERN) as tv:
        page = await browser.open(f"http://{tv.authority}/cam")
        before = await shown(page)
        await page.evaluate(OFFLINE)
        await page.evaluate(f"{PLAYER}.setAttribute('rung', 'webcodecs')")
        await page.until(f"{PLAYER}.stats.state === 'offline'", 40)
        title = f"{PLAYER}.shadowRoot.querySelector('.notice strong').innerText"
        assert await page.until(title, 40) == "Offline"
        last = await shown(page, other_than=before)
        width, height = await page.evaluate(PLACE)
        assert width < 0.3
        assert height < 0.2
        assert await page.evaluate(OPACITY) == 1
        await shown(page, other_than=last)
