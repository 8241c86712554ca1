"""A hub as it is run for others: watching needs a key, all limits hold, and its metrics are read
once a second."""

import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.hub import Hub, serving
from televise.web.trust.keys import ALL, Grant, Keys

KEY_SECONDS = 86_400
SCRAPE_SECONDS = 1.0


@contextmanager
def guarded(folder: Path, *sources: str) -> Iterator[Hub]:
    """Serve ``sources`` so until the block ends; the secret of its keys is in ``folder``."""
    secret = folder / "key"
    token = Keys(secret).sign(Grant(ALL, "view"), KEY_SECONDS)
    with serving("--private", "--key-file", str(secret), *sources) as plain:
        hub = replace(plain, token=token)
        with _scraped(hub):
            yield hub


@contextmanager
def _scraped(hub: Hub) -> Iterator[None]:
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        scraping = pool.submit(_scrape, hub, stop)
        try:
            yield
        finally:
            stop.set()
    # What was measured without it would be something else.
    scraping.result()


def _scrape(hub: Hub, stop: threading.Event) -> None:
    headers = {"Authorization": f"Bearer {hub.token}"}
    request = urllib.request.Request(f"{hub.url}/metrics", headers=headers)
    while not stop.wait(SCRAPE_SECONDS):
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()
