"""The browsers that a test in this folder runs in: each test runs once in each."""

from collections.abc import AsyncIterator

import pytest

from tests.browser.support import BROWSERS, Browser
from tests.conftest import Needs


@pytest.fixture(params=list(BROWSERS))
async def browser(request: pytest.FixtureRequest, needs: Needs) -> AsyncIterator[Browser]:
    """A browser; its pages are this test's, the process serves others too."""
    programs, start = BROWSERS[request.param]
    async with start(needs(*programs)) as running:
        yield running
