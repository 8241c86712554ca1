"""The page for publishing, as a person uses it, and what the hub has of it."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from televise.hub.publishing import Publishing
from tests.browser.support import Browser, Page
from tests.browser.support.proxy import Proxy
from tests.ingest.publishers import Hub, publishable
from tests.support.waiting import until

START = "document.querySelector('[name=start]')"
PREVIEW = "document.querySelector('[name=preview]')"
VIDEO = "document.querySelector('video')"
STATE = "document.querySelector('[data-state]').dataset.state"
SAID = "document.querySelector('[role=status]').textContent"


@contextlib.asynccontextmanager
async def behind_proxy(folder: Path, name: str = "127.0.0.1") -> AsyncIterator[tuple[Proxy, Hub]]:
    """A hub, and the proxy by which browsers reach it under this ``name``."""
    async with Proxy().running() as proxy:
        origin = f"http://{name}:{proxy.port}"
        async with publishable(folder, origins=[origin]) as hub:
            proxy.server_port = hub.tv.port
            yield proxy, hub


async def open_page(
    browser: Browser, hub: Hub, path: str = "/cam/publish", token: str = ""
) -> Page:
    """The page, ready to begin, with small pictures."""
    page = await browser.open(hub.url(path, token))
    await page.until(f"!{START}.disabled")
    await choose(page, "size", "360")
    return page


async def choose(page: Page, name: str, value: str) -> None:
    await page.evaluate(
        f"(() => {{ const select = document.querySelector('[name={name}]');"
        f"select.value = '{value}'; select.dispatchEvent(new Event('change')); }})()"
    )


async def press(page: Page, button: str = START) -> None:
    await page.evaluate(f"{button}.click()")


async def is_live(page: Page) -> None:
    await page.until(f"{STATE} === 'live'", 40)


async def other_publisher(hub: Hub, than: Publishing | None) -> Publishing:
    """Wait for it."""
    await until(lambda: hub.tv.channel().publisher not in (None, than))
    publisher = hub.tv.channel().publisher
    assert publisher is not None
    return publisher
