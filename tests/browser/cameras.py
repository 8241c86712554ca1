"""Browsers whose camera and microphone are made up, and used without asking.

``tv.test`` is this machine to them: a name of which no browser thinks that it is.
"""

from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from tests.browser.support import Browser, Chromium, Firefox, Page, firefox
from tests.browser.support.chromium import ChromiumPage

_CHROMIUM = (
    "--no-sandbox",
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
        super().__init__(program)
        self._arguments = [
            *_CHROMIUM,
            *([f"--use-file-for-fake-video-capture={film}"] if film else []),
        ]

    async def open(self, url: str, javascript: bool = True) -> Page:
        if self._driver is None:
            playwright = await self._resources.enter_async_context(async_playwright())
            self._driver = await playwright.chromium.launch(
                executable_path=self.program, args=self._arguments
            )
            self._resources.push_async_callback(self._driver.close)
        return await super().open(url, javascript)

    async def open_on_phone(self, url: str) -> ChromiumPage:
        """The same in a small window that is touched."""
        await self.open("about:blank")
        assert self._driver is not None
        context = await self._driver.new_context(
            viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
        )
        page = ChromiumPage(await context.new_page())
        await page.tab.goto(url, wait_until="domcontentloaded")
        return page


def camera_firefox(program: str, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Firefox with a camera of 30 pictures a second."""
    make_profile = firefox._make_profile

    def with_camera(javascript: bool) -> str:
        profile = make_profile(javascript)
        lines = [f'user_pref("{name}", {value});\n' for name, value in _FIREFOX.items()]
        with Path(profile, "user.js").open("a") as preferences:
            preferences.writelines(lines)
        return profile

    monkeypatch.setattr(firefox, "_make_profile", with_camera)
    return Firefox(program)
