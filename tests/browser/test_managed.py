"""A browser that has nothing but `ManagedMediaSource`, as an iPhone, here played by another."""

from tests.browser.support import Browser
from tests.browser.watching import PLAYER, shown
from tests.support.server import serving

# The events that WebKit sends; what is appended against its wish is counted.
MANAGED = """(() => {
  const Whole = MediaSource;
  delete window.MediaSource;
  window.unwanted = 0;
  window.ManagedMediaSource = class extends Whole {
    streaming = true;
    constructor() { super(); window.source = this; }
    wish(streaming) {
      this.streaming = streaming;
      this.dispatchEvent(new Event(streaming ? "startstreaming" : "endstreaming"));
    }
  };
  const { prototype } = SourceBuffer;
  const whole = prototype.appendBuffer;
  prototype.appendBuffer = function (data) {
    if (!window.source.streaming) window.unwanted += 1;
    return whole.call(this, data);
  };
})()"""


async def test_a_managed_source_is_fed_only_while_it_wants_media(browser: Browser) -> None:
    async with serving("cam=pattern:?size=320x240&fps=25") as tv:
        page = await browser.open(f"http://{tv.authority}/cam")
        await page.evaluate(MANAGED)
        await page.evaluate(f"{PLAYER}.setAttribute('rung', 'mse')")
        await page.until(f"{PLAYER}.stats.rung === 'mse' && {PLAYER}.stats.fps > 1", 40)
        assert await page.evaluate(f"{PLAYER}.picture.disableRemotePlayback") is not False
        await page.evaluate("source.wish(false)")
        await page.until(f"{PLAYER}.stats.state === 'stalled'", 40)
        assert await page.evaluate("unwanted") == 0
        before = await shown(page)
        await page.evaluate("source.wish(true)")
        await page.until(f"{PLAYER}.stats.state === 'live'", 40)
        assert (await shown(page, other_than=before)).number > before.number
