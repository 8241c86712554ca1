"""Browsers whose camera and microphone are made up, and used without asking.

``tv.test`` is this machine to them: a name of which no browser thinks that it is.
"""

from pathlib import Path

from tests.browser.support import Browser, Chromium, Firefox
from tests.browser.support.chromium import ChromiumPage

_CHROMIUM = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--host-resolver-rules=MAP tv.test 127.0.0.1",
)
_FIREFOX = {
    "media.navigator.streams.fake": "true",
    "media.navigator.permission.disabled": "true",
    "network.dns.localDomains": '"tv.test"',
}


class CameraChromium(Chromium):
    """Chromium with a camera of 20 pictures a second, or what a Y4M ``film`` shows."""

    def __init__(self, program: str, film: Path | None = None) -> None:
        shown = [f"--use-file-for-fake-video-capture={film}"] if film else []
        super().__init__(program, *_CHROMIUM, *shown)

    async def open_on_phone(self, url: str) -> ChromiumPage:
        """The same in a small window that is touched."""
        context = await (await self.driver()).new_context(
            viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
        )
        page = ChromiumPage(await context.new_page())
        await page.tab.goto(url, wait_until="domcontentloaded")
        return page


def camera_firefox(program: str) -> Browser:
    """Firefox with a camera of 30 pictures a second."""
    return Firefox(program, _FIREFOX)
