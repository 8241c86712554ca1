"""RemoteAdmission: the limits on viewers, and on wrong keys, hold for all fan-out processes
together, so the hub is asked."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import asdict
from itertools import count
from typing import Any

from televise.errors import LimitReached, TooManyTries
from televise.web.trust.keys import Grant


class RemoteAdmission:
    """Asks by ``say``; the answers are given to `heard`."""

    def __init__(self, say: Callable[[dict[str, Any]], None]) -> None:
        self._say = say
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[str]] = {}

    def viewer(self, address: str) -> AbstractAsyncContextManager[None]:
        """One viewer, while the block runs. LimitReached."""
        return self._inside({"address": address})

    def watching(self, channel: str) -> AbstractAsyncContextManager[None]:
        """A viewer watches this ``channel``, while the block runs. LimitReached."""
        return self._inside({"channel": channel})

    def visiting(self, grants: Sequence[Grant], who: str) -> AbstractAsyncContextManager[None]:
        """Somebody is here with these ``grants``, while the block runs; see `Visits.visit`.
        LimitReached."""
        limited = [asdict(grant) for grant in grants if grant.viewers]
        return self._inside({"grants": limited, "who": who}) if limited else nullcontext()

    async def suspected(self, address: str) -> None:
        """A wrong key came from there: wait as long as the hub says. TooManyTries."""
        try:
            async with self._inside({"suspect": address}):
                pass
        except LimitReached as error:
            raise TooManyTries(str(error)) from None

    @asynccontextmanager
    async def _inside(self, what: dict[str, Any]) -> AsyncIterator[None]:
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        self._say({"type": "enter", "number": number, **what})
        try:
            if refusal := await answer:
                raise LimitReached(refusal)
            yield
        finally:
            del self._asked[number]
            self._say({"type": "leave", "number": number})

    def heard(self, number: int, refusal: str) -> None:
        """May number so-and-so come in? '' for yes."""
        answer = self._asked.get(number)
        if answer is not None and not answer.done():
            answer.set_result(refusal)
