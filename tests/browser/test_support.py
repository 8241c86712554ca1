"""The harness itself: both browsers answer alike."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.browser.support import Browser

HTML = """<!doctype html><title>tiny</title><body style="background: lime">
<noscript>no script</noscript>
<script>
console.log("hello", 1);
setTimeout(() => { document.title = "later" }, 300);
setTimeout(() => { throw new Error("thrown later") }, 50);
</script>
<img src="/endless">"""


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A page with a picture that never ends loading, as live pictures do."""

    over = asyncio.Event()

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=HTML, content_type="text/html")

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/jpeg"})
        await response.prepare(request)
        await over.wait()
        return response

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/endless", endless)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    over.set()
    await runner.cleanup()


async def test_values_come_as_json_and_promises_are_awaited(browser: Browser, url: str) -> None:
    page = await browser.open(url)
    assert await page.evaluate("[1, 'zwei', {three: [null, true, 0.5]}]") == [
        1,
        "zwei",
        {"three": [None, True, 0.5]},
    ]
    assert await page.evaluate("new Promise(done => setTimeout(done, 20, 'done'))") == "done"
    assert await page.evaluate("undefined") is None


async def test_an_expression_that_throws_raises(browser: Browser, url: str) -> None:
    page = await browser.open(url)
    with pytest.raises(Exception, match="nothing_of_this_name"):
        await page.evaluate("nothing_of_this_name")


async def test_until_waits_and_tells_what_it_saw_last(browser: Browser, url: str) -> None:
    page = await browser.open(url)
    assert await page.until("document.title == 'later' && document.title") == "later"
    with pytest.raises(AssertionError, match=r"(?s)last value: 0.*hello"):
        await page.until("0", timeout_seconds=0.2)


async def test_console_has_messages_and_uncaught_errors(browser: Browser, url: str) -> None:
    page = await browser.open(url)
    await page.until("document.title == 'later'")
    text = "\n".join(page.console)
    assert "hello 1" in text
    assert "thrown later" in text


async def test_screenshot_shows_the_page(browser: Browser, url: str) -> None:
    page = await browser.open(url)
    assert (await page.screenshot()).startswith(b"\x89PNG")


async def test_pages_are_independent(browser: Browser, url: str) -> None:
    first, second = await browser.open(url), await browser.open(url + "?second")
    await first.evaluate("window.mark = 1")
    assert await second.evaluate("window.mark") is None
    await first.close()
    assert await second.evaluate("location.search") == "?second"


async def test_javascript_can_be_off(browser: Browser, url: str) -> None:
    page = await browser.open(url, javascript=False)
    assert (await page.screenshot()).startswith(b"\x89PNG")
    assert await page.evaluate("document.title") == "tiny"
    assert "no script" in await page.evaluate("document.body.innerText")
    assert page.console == []
