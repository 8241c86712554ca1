"""The page of the topology shows what changes, without being loaded again."""

from tests.browser.support import Browser
from tests.browser.support.proxy import Proxy
from tests.support.server import serving

WATCHERS = "document.querySelector('main').innerText.includes('this hub, here')"
# How many questions wait for an answer, at most.
COUNT = """(() => {
  const whole = fetch;
  let asked = 0;
  window.most = 0;
  window.fetch = (...request) => {
    most = Math.max(most, ++asked);
    return whole(...request).finally(() => (asked -= 1));
  };
})()"""


async def test_who_comes_and_goes_is_shown(browser: Browser) -> None:
    async with serving() as tv:
        page = await browser.open(f"http://{tv.authority}/topology")
        await page.evaluate("(() => { window.untouched = true; })()")
        assert await page.evaluate(WATCHERS) is False
        async with tv.stream("/cam.mjpg"):
            await page.until(WATCHERS, 40)
        await page.until(f"!{WATCHERS}", 40)
        await tv.server.close()
        await page.until("document.querySelector('main').hasAttribute('data-stale')", 40)
        assert await page.evaluate("untouched") is True


async def test_of_a_server_that_holds_up_everything_no_more_is_asked(browser: Browser) -> None:
    async with Proxy().running() as proxy, serving(origins=[f"http://{proxy.authority}"]) as tv:
        proxy.server_port = tv.port
        page = await browser.open(f"http://{proxy.authority}/topology")
        await page.evaluate(COUNT)
        proxy.stall("HTTP/1.1")
        await page.until("document.querySelector('main').hasAttribute('data-stale')", 40)
        assert await page.evaluate("most") == 1
        proxy.mend()
        await page.until("!document.querySelector('main').hasAttribute('data-stale')", 40)
