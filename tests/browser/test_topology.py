"""The page of the topology shows what changes, without being loaded again."""

from tests.browser.support import Browser
from tests.support.server import serving

WATCHERS = "document.querySelector('main').innerText.includes('this hub, here')"


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
