"""One hub for the tests of a module."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.ingest.publishers import Hub, publishable
from tests.support.server import SMALL
from tests.support.waiting import until


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    """``cam``, to publish into, and ``pattern``."""
    folder = tmp_path_factory.mktemp("keys")
    async with publishable(folder, "cam=publish:", f"pattern={SMALL}") as running:
        yield running


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """What the log is told of publishers that were refused: channel, address and reason."""
    told: list[tuple[str, str, str]] = []

    def note(_: str, event: str, fields: dict[str, object]) -> None:
        if event == "publisher refused":
            told.append((str(fields["channel"]), str(fields["address"]), str(fields["reason"])))

    monkeypatch.setattr("televise.events._emit", note)
    for known in ("_quiet_until", "_alike"):
        monkeypatch.setattr(f"televise.events.{known}", {})
    return told


@pytest_asyncio.fixture(loop_scope="module")
async def hub(shared: Hub) -> AsyncIterator[Hub]:
    """It, with nobody publishing, and nothing still being played, at the beginning and the end of
    a test."""
    yield shared
    await shared.is_free()
    await until(lambda: shared.tv.channel().state != "live")
