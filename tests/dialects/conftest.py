"""The browsers, as in the folder of their own tests."""

from tests.browser.conftest import browser

__all__ = ["browser"]
