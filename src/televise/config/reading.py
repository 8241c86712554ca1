"""Reading: a file that is read again when it is another, or when somebody says so (SIGHUP)."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence

from televise import events
from televise.config.plan import Plan, Wanted
from televise.config.watched import Watched
from televise.errors import InputError
from televise.model.source import SourceSpec
from televise.settings import Settings

LOOK_SECONDS = 0.5

Change = Callable[[Sequence[SourceSpec], Settings], Awaitable[list[str]]]
"""Makes a running server what these say; returns the keys of what cannot be changed."""


class Reading:
    """What is ``wanted``, as its file says it now. Make it before the file is read first."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._watched = Watched(wanted.file) if wanted.file else None
        self._asked: asyncio.Event | None = None

    def hear_signal(self) -> None:
        """From now on SIGHUP asks for it to be read, where there is a file."""
        self._asked = asyncio.Event()
        if self._watched is not None and hasattr(signal, "SIGHUP"):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._asked.set)

    async def run(self, change: Change) -> None:
        """Make a server what the file says, again and again, until cancelled."""
        asked, watched = self._asked, self._watched
        if asked is None or watched is None:
            return
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await asked.wait()
            if asked.is_set():
                asked.clear()
                watched.known()
            elif not watched.changed():
                continue
            try:
                await self._apply(change, await asyncio.to_thread(self._wanted.plan))
            except InputError as error:
                events.warning(f"all stays as it was: {error}")
            except Exception:
                events.error("what a file says could not be done")

    async def _apply(self, change: Change, plan: Plan) -> None:
        stay = await change(plan.specs, plan.settings)
        events.info("file read", file=str(self._wanted.file))
        if stay:
            keys = ", ".join(stay)
            events.warning(f"only at the next start: {keys}", file=str(self._wanted.file))
