"""The watchdog: each look is taken again and again, whatever becomes of the others."""

import asyncio

import pytest

from televise import events
from televise.web.connections import watchdog
from televise.web.connections.watchdog import Watchdog
from tests.support.waiting import until


async def test_a_look_that_fails_does_not_end_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watchdog, "SECONDS", 0.01)
    looked: list[str] = []
    told: list[str] = []
    monkeypatch.setattr(events, "error", told.append)

    def fail() -> None:
        looked.append("failed")
        raise ValueError("a bug of ours")

    looking = asyncio.create_task(Watchdog([fail, lambda: looked.append("looked")]).run())
    await until(lambda: len(looked) >= 6)
    looking.cancel()
    assert looked[:6] == ["failed", "looked"] * 3
    assert told[:3] == ["the watchdog failed"] * 3
