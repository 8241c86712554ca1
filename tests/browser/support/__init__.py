"""Real browsers behind one small interface, so that a test is written once for all of them."""

from collections.abc import Callable

from tests.browser.support.browser import Browser, Page
from tests.browser.support.chromium import Chromium
from tests.browser.support.firefox import Firefox

# The program's names on Debian and elsewhere, and what drives it.
BROWSERS: dict[str, tuple[tuple[str, ...], Callable[[str], Browser]]] = {
    "chromium": (("chromium", "chromium-browser", "google-chrome"), Chromium),
    "firefox": (("firefox-esr", "firefox"), Firefox),
}

__all__ = ["BROWSERS", "Browser", "Chromium", "Firefox", "Page"]
