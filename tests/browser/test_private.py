"""A hub that wants keys, as people meet it: a link, a wall, and a door that says why it is shut."""

from pathlib import Path

from televise.web.trust.keys import Grant, Keys
from tests.browser.support import Browser
from tests.browser.watching import PLAYER, shown
from tests.support.server import serving

SOURCES = (
    "cam=pattern:?size=640x360&fps=25",
    "other=pattern:?size=640x360&fps=25",
)


async def test_a_link_opens_its_channel_and_nothing_else(browser: Browser, tmp_path: Path) -> None:
    keys = Keys(tmp_path / "key")
    token = keys.sign(Grant("cam", "view"), 600)
    async with serving(*SOURCES, private=True, key_file=tmp_path / "key") as tv:
        url = f"http://{tv.authority}"
        shut = await browser.open(f"{url}/cam")
        assert "This needs a key" in await shut.evaluate("document.body.innerText")
        page = await browser.open(f"{url}/cam?token={token}")
        await shown(page)
        assert await page.evaluate("location.href") == f"{url}/cam"
        assert await page.evaluate("document.cookie") == "", "no script can read it"
        for path, status in (("cam.jpg", 200), ("other.jpg", 403), ("other", 403)):
            answer = f"fetch('/{path}').then(answer => answer.status)"
            assert (path, await page.evaluate(answer)) == (path, status)
        wall = await page.evaluate("fetch('/').then(answer => answer.text())")
        assert ('data-channel="cam"' in wall, 'data-channel="other"' in wall) == (True, False)
        keys.revoke(token)
        await page.until(f"{PLAYER}.stats.text.includes('has been revoked')")
