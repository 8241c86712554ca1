"""Member: one fan-out process, started again when it dies, and what it and its hub say.

Each says one JSON object per line. From the hub: ``serve`` (first of all), ``news`` (its channels,
whose clicks are wanted, and who watches at the other processes), ``settings``, ``answer`` (to
``enter``), ``viewer`` (what became of all that was made for one?), ``end`` (where it is not said,
the end of the link is that of the hub). From the process: ``ready`` or ``failed``, ``enter`` and
``leave`` for each viewer, its key and what it watches, and for each wrong key, ``account`` (of a
``viewer``), ``share`` (see `Share`), ``report`` and ``input`` of players.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from televise.errors import LimitReached, TooManyTries
from televise.hub.supervisor import Supervisor
from televise.hub.supply import Callbacks
from televise.link.lines import LinesLink
from televise.model import refusals
from televise.web.edge import Edge
from televise.web.share import Share
from televise.web.trust.keys import Grant
from televise.web.trust.suspects import Suspects

# It has so long to send its viewers away.
END_SECONDS = 1.5
# And so long to say what it knows of one of them.
ACCOUNT_SECONDS = 2.0


class Member(Supervisor):
    """Number ``number`` of the fan-out processes of ``edge``; wrong keys that come there wait with
    all others in ``suspects``. It is told ``serve`` to begin with; ``changed`` is called where the
    others should know."""

    module = "televise.processes.branch"
    stderr = None
    # Letting in a thousand viewers at once takes it some time.
    silent_ticks = 16

    def __init__(
        self,
        number: int,
        edge: Edge,
        suspects: Suspects,
        serve: dict[str, Any],
        changed: Callable[[], None],
    ) -> None:
        super().__init__("", Callbacks(_unused, self._begin, self._lost), stdin=False)
        self.title = f"fan-out process {number}"
        self._edge = edge
        self._suspects = suspects
        self._serve = serve
        self._changed = changed
        # How each leaves again.
        self._inside: dict[int, Callable[[], object]] = {}
        self._asked: dict[int, asyncio.Future[dict[str, Any] | None]] = {}
        self._numbers = count(1)
        self._pid = 0
        self.ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.news: dict[str, Any] = {}

    @property
    def share(self) -> Share | None:
        """Its viewers, if it has told of them."""
        return self._edge.census.shares.get(self._pid)

    def environment(self) -> dict[str, str]:
        # It connects to nobody whose certificate is to be checked: loading them takes time.
        return super().environment() | {"SSL_CERT_FILE": os.devnull}

    def make_link(self, lost: Callable[[Exception | None], None]) -> LinesLink:
        return _Leash(self.heard, lost)

    def tell(self, news: dict[str, Any]) -> None:
        """These are the news, unless it knows them."""
        if news != self.news:
            self.news = news
            self._say(news)

    def change(self, settings: str) -> None:
        """The settings are others now, for the next process too."""
        self._serve["settings"] = settings
        self._say({"type": "settings", "settings": settings})

    async def account(self, viewer: str) -> dict[str, Any] | None:
        """That of somebody who watches at this process; None of others."""
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        self._say({"type": "viewer", "number": number, "viewer": viewer})
        try:
            async with asyncio.timeout(ACCOUNT_SECONDS):
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._asked[number]

    def heard(self, message: dict[str, Any]) -> None:
        super().heard(message)
        kind = message["type"]
        if kind == "enter":
            self._enter(message["number"], message)
        elif kind == "leave":
            self._leave(message["number"])
        elif kind == "account":
            if (asked := self._asked.get(message["number"])) and not asked.done():
                asked.set_result(message["account"])
        elif kind == "share":
            self._edge.census.shares[self._pid] = Share(**message["share"])
            self._changed()
        elif kind == "report":
            self._edge.reported(message["channel"], message["message"])
        elif kind == "input":
            self._edge.heard_input(message["channel"], message["message"])
        elif kind in ("ready", "failed") and not self.ready.done():
            self.ready.set_result(message["text"])

    def _begin(self) -> None:
        """Another process is there."""
        self._pid = self.worker or 0
        self._say(self._serve)
        self.news = {}
        self._changed()

    def _lost(self, text: str) -> None:
        """It has died: its viewers are gone, what they were sent is not."""
        self._leave_all()
        if share := self._edge.census.shares.pop(self._pid, None):
            self._edge.census.remember(share)
            refusals.counts.update(share.refused)
        self._changed()

    def _enter(self, number: int, message: dict[str, Any]) -> None:
        if "suspect" in message:
            wait = self._let_wait(number, message["suspect"])
            self._inside[number] = asyncio.get_running_loop().create_task(wait).cancel
            return
        refusal = ""
        try:
            self._inside[number] = self._let_in(message)
        except LimitReached as error:
            refusal = str(error)
        self._say({"type": "answer", "number": number, "refusal": refusal})

    async def _let_wait(self, number: int, address: str) -> None:
        refusal = ""
        try:
            await self._suspects.wait(address)
        except TooManyTries as error:
            refusal = str(error)
        self._say({"type": "answer", "number": number, "refusal": refusal})

    def _let_in(self, message: dict[str, Any]) -> Callable[[], None]:
        """Returns how they leave again. LimitReached."""
        admission, visits = self._edge.admission, self._edge.visits
        if "grants" in message:
            grants = [Grant(**each) for each in message["grants"]]
            return partial(visits.leave, visits.enter(grants, _unused, message["who"]))
        if "channel" in message:
            admission.enter_channel(message["channel"])
            return partial(admission.leave_channel, message["channel"])
        admission.enter(message["address"])
        return partial(admission.leave, message["address"])

    def _leave(self, number: int) -> None:
        if leave := self._inside.pop(number, None):
            leave()

    def _leave_all(self) -> None:
        for number in list(self._inside):
            self._leave(number)

    def _say(self, message: dict[str, Any]) -> None:
        if self._link is not None:
            self._link.send(message)

    async def _bury(self, process: asyncio.subprocess.Process, said: "asyncio.Task[str]") -> None:
        """The end of its link tells it to end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await process.wait()
        self._leave_all()  # nobody who came to it is here any more, or waits
        await super()._bury(process, said)


class _Leash(LinesLink):
    """Its end is not that of the hub, if it says so."""

    def close(self) -> None:
        self.send({"type": "end"})
        super().close()


def _unused(message: object) -> None:
    """Its messages are no source's; and it sends its viewers away itself."""
