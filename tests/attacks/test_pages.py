"""T4, T21: texts of strangers run nothing in a page, and other sites' pages show nothing of ours.
In Chromium, as it is the browser that has to refuse."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from televise.web.trust.keys import Grant, Keys
from tests.browser.support import BROWSERS, Chromium
from tests.browser.support.chromium import ChromiumPage
from tests.browser.test_embedding import Site
from tests.browser.watching import PLAYER
from tests.conftest import Needs
from tests.sources.web_server import WebServer, status
from tests.support.server import SMALL, serving
from tests.support.waiting import until

PAYLOAD = "<img src=x onerror=alert(1)>"


@pytest.fixture
async def chromium(needs: Needs) -> AsyncIterator[Chromium]:
    programs, _ = BROWSERS["chromium"]
    async with Chromium(needs(*programs)) as browser:
        yield browser


async def opened(browser: Chromium, url: str, dialogs: list[str]) -> ChromiumPage:
    """A page whose dialogs are noted, and closed."""
    page = await browser.open("about:blank")
    assert isinstance(page, ChromiumPage)

    async def note(dialog: Any) -> None:
        dialogs.append(dialog.message)
        await dialog.dismiss()

    page.tab.on("dialog", note)
    await page.tab.goto(url, wait_until="domcontentloaded")
    return page


async def test_a_text_of_a_stranger_runs_nothing(chromium: Chromium) -> None:
    """It comes as the path of a source, and in its state, which both are shown."""
    dialogs: list[str] = []
    with WebServer(status(404)) as camera:
        async with serving(f"cam={SMALL}", f"door={camera.url(f'/{PAYLOAD}')}") as tv:
            await until(lambda: tv.channel("door").state == "offline")
            assert PAYLOAD in tv.channel("door").text
            hub = f"http://{tv.authority}"
            for path in ("/door", "/door/publish"):
                page = await opened(chromium, f"{hub}{path}", dialogs)
                seen = f"(document.body.innerText + {PLAYER}?.stats?.text)"
                await page.until(f"{seen}.includes('onerror=alert(1)')")
                assert await page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
                policy = "fetch(location.href).then(answer => answer.headers.get('{}'))"
                told = await page.evaluate(policy.format("content-security-policy"))
                assert told.startswith("default-src 'self'")
            # Were it ever written as HTML, the policy would be there.
            written = f"document.body.insertAdjacentHTML('beforeend', '{PAYLOAD}')"
            await page.evaluate(written)
            await until(lambda: any("Content Security Policy" in line for line in page.console))
            assert dialogs == []
            # That is what it does where nothing stops it.
            page = await opened(chromium, f"data:text/html,{quote(PAYLOAD)}", dialogs)
            await until(lambda: dialogs == ["1"])


WAYS = {
    "fetch": "fetch('{}').then(answer => answer.status, () => 'blocked')",
    "fetch with cookies": "fetch('{}', {{credentials: 'include'}})"
    ".then(answer => answer.status, () => 'blocked')",
    "picture": "new Promise(done => Object.assign(new Image(), {{src: '{}', "
    "onload: () => done('shown'), onerror: () => done('blocked')}}))",
    "socket": "new Promise(done => Object.assign(new WebSocket('{}'.replace('http', 'ws')"
    ".replace('.jpg', '.mjpg')), {{onopen: () => done('open'), onerror: () => done('blocked')}}))",
}
OPEN = {"fetch": 200, "fetch with cookies": 200, "picture": "shown", "socket": "open"}
SHUT = dict.fromkeys(WAYS, "blocked")


async def tried(page: ChromiumPage, url: str) -> dict[str, Any]:
    """What a page gets of that picture, and of its stream."""
    return {way: await page.evaluate(script.format(url)) for way, script in WAYS.items()}


async def test_other_sites_show_nothing_unless_they_may(chromium: Chromium, tmp_path: Path) -> None:
    """Not even in a browser that has the key, nor with the key in the address."""
    token = Keys(tmp_path / "key").sign(Grant("cam", "view"), 600)
    private = serving(private=True, key_file=tmp_path / "key")
    async with Site().running() as site, private as tv:
        site.html = "<!doctype html>"
        elsewhere = site.origin.replace("127.0.0.1", "localhost")
        url = f"http://{tv.authority}/cam"
        page = await opened(chromium, f"{url}?token={token}", [])
        assert await tried(page, f"{url}.jpg") == OPEN, "our own page, with its cookie"
        for place in (site.origin, elsewhere):
            await page.tab.goto(place)
            assert await tried(page, f"{url}.jpg?fps=1") == SHUT
            assert await tried(page, f"{url}.jpg?token={token}") == SHUT
        tv.server._gates[0].set_origins([elsewhere])
        assert await page.evaluate("location.origin") == elsewhere
        allowed = OPEN | {"fetch with cookies": "blocked"}
        assert await tried(page, f"{url}.jpg?token={token}&w=64") == allowed
        assert await tried(page, f"{url}.jpg?w=32") == SHUT | {"fetch": 401}
        await page.tab.goto(site.origin)
        blocked = await tried(page, f"{url}.jpg?token={token}&w=48")
        assert (blocked["fetch"], blocked["socket"]) == ("blocked", "blocked")
