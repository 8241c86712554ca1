"""Timers: what is to happen after a while, if nothing prevents it."""

import asyncio
from collections.abc import Callable, Hashable


class Timers:
    """One for each key."""

    def __init__(self) -> None:
        self._timers: dict[Hashable, asyncio.TimerHandle] = {}

    def later(
        self, key: Hashable, seconds: float, call: Callable[..., None], *arguments: object
    ) -> None:
        """Call it in so many seconds, and not what was to be called before."""
        self.cancel(key)
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(seconds, call, *arguments)

    def cancel(self, key: Hashable) -> None:
        """It is not to happen; nothing where it was not to."""
        if timer := self._timers.pop(key, None):
            timer.cancel()

    def close(self) -> None:
        """Nothing is to happen any more."""
        for key in list(self._timers):
            self.cancel(key)
