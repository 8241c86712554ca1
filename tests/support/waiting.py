"""Waiting for what must become true, with a limit and without guessing how long it takes."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

LIMIT_SECONDS = 40.0
_STEP_SECONDS = 0.02

T = TypeVar("T")


async def until(condition: Callable[[], T], seconds: float = LIMIT_SECONDS) -> T:
    """The first true value of ``condition``; an assertion fails where none comes in time."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"still not so after {seconds:g} s"
        await asyncio.sleep(_STEP_SECONDS)
    return value


def wait_until(condition: Callable[[], T], seconds: float = LIMIT_SECONDS) -> T:
    """The same where there is no event loop."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"still not so after {seconds:g} s"
        time.sleep(_STEP_SECONDS)
    return value
