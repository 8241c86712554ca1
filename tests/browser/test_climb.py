"""Up the ladder again: a better rung is tried beside the one that works, which plays on."""

from tests.browser.support import Browser, Page
from tests.browser.watching import PLAYER, play, shown, stats
from tests.support.server import Serving, serving

PATTERN = "cam=pattern:?size=320x240&fps=25&tone=440"
# Until it is mended `mse` cannot append; what it was asked to append is counted.
BREAK = """(() => {
  const { prototype } = SourceBuffer;
  const whole = prototype.appendBuffer;
  window.refused = 0;
  window.mend = () => { prototype.appendBuffer = whole; };
  window.fail = () => {
    prototype.appendBuffer = () => { refused += 1; throw new Error('blocked by the test'); };
  };
  // It takes everything, and shows nothing.
  window.swallow = () => { prototype.appendBuffer = () => { refused += 1; }; };
  fail();
})()"""
# Keeps what is told from now on.
LISTEN = f"""(() => {{
  window.told = [];
  for (const name of ['rungchange', 'playing', 'stalled', 'statechange'])
    {PLAYER}.addEventListener(name, ({{ type }}) => told.push(type));
}})()"""


async def open_player(browser: Browser, tv: Serving) -> Page:
    """It plays `webcodecs`, because `mse` is broken, and is about to try that again."""
    page = await browser.open(f"http://{tv.authority}/cam")
    await page.evaluate(f"{PLAYER}.setAttribute('patience', '4')")
    await play(page, "mse")
    await page.evaluate(BREAK)
    await play(page, "webcodecs")
    return page


async def test_after_a_quiet_time_the_better_rung_is_tried_again(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await open_player(browser, tv)
        await page.evaluate("mend()")
        await play(page, "mse")
        assert (await stats(page))["reason"] == "mse: tried again, webcodecs worked"
        assert await page.evaluate(f"{PLAYER}.shadowRoot.querySelector('canvas')") is None


async def test_while_a_rung_is_tried_in_vain_the_old_one_plays_on(browser: Browser) -> None:
    async with serving(PATTERN) as tv:
        page = await open_player(browser, tv)
        await page.evaluate("swallow()")
        await page.evaluate(LISTEN)
        await page.evaluate("(() => { refused = 0; })()")
        await page.until("refused > 0", 40)
        # The attempt ends three seconds later; all that time there are two.
        first = last = await shown(page)
        rungs = f"{PLAYER}.shadowRoot.querySelectorAll('video, canvas').length"
        while await page.evaluate(rungs) == 2:
            last = await shown(page, other_than=last)
            assert (await stats(page))["rung"] == "webcodecs"
        assert last.milliseconds - first.milliseconds > 2000
        assert await page.evaluate("told") == ["rungchange"]
        assert (await stats(page))["reason"] == "mse: stalled 3 s, now webcodecs"
        await shown(page, other_than=last)
        assert (await stats(page))["reconnects"] == 0
