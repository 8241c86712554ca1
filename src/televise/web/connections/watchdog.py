"""Watchdog: looks each second at what nothing else would bring to an end."""

import asyncio
from collections.abc import Callable, Sequence

from televise import events

SECONDS = 1.0


class Watchdog:
    """Calls each of the ``looks``, whatever becomes of the others."""

    def __init__(self, looks: Sequence[Callable[[], None]]) -> None:
        self._looks = looks

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(SECONDS)
            for look in self._looks:
                try:
                    look()
                except Exception:
                    events.error("the watchdog failed")
