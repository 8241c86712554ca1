"""Visits: who is here by which key, so that they leave when it ends or is revoked."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from televise import events
from televise.model.refusals import refuse
from televise.web.trust.keys import LEEWAY_SECONDS, Grant
from televise.web.trust.revoked import Revoked

End = Callable[[str], None]
"""Send somebody away, with the reason; called again each second while they are still here."""


class Visit:
    """Somebody who came with ``grants``. The time is counted from here on: a clock that is set
    sends nobody away."""

    def __init__(self, grants: Sequence[Grant], end: End, who: str) -> None:
        left = min(grant.until for grant in grants) + LEEWAY_SECONDS - time.time()
        self.deadline = time.monotonic() + left
        self.grants = grants
        self.end = end
        self.who = who or str(id(self))


class Visits:
    """All that came with keys. `look` must be called each second."""

    def __init__(self, revoked: Revoked) -> None:
        self._revoked = revoked
        self._here: set[Visit] = set()

    def __len__(self) -> int:
        return len(self._here)

    @contextmanager
    def visit(self, grants: Sequence[Grant], end: End, who: str = "") -> Iterator[None]:
        """Somebody is here while the block runs; who is here twice (``who``) counts once.
        LimitReached where a key has as many viewers as it may have."""
        if not grants:
            yield
            return
        visit = self.enter(grants, end, who)
        try:
            yield
        finally:
            self.leave(visit)

    def enter(self, grants: Sequence[Grant], end: End, who: str = "") -> Visit:
        """The same, until they `leave`."""
        visit = Visit(grants, end, who)
        for grant in grants:
            self._check(grant, visit.who)
        self._here.add(visit)
        return visit

    def leave(self, visit: Visit) -> None:
        """They have gone."""
        self._here.discard(visit)

    def look(self) -> None:
        """Send away those whose time is over, and those whose key was revoked meanwhile."""
        self._revoked.refresh()
        now = time.monotonic()
        for visit in list(self._here):
            if any(grant.id in self._revoked for grant in visit.grants):
                self._end(visit, "this key has been revoked")
            elif now >= visit.deadline:
                self._end(visit, "this key has expired")

    def _end(self, visit: Visit, reason: str) -> None:
        try:
            visit.end(reason)
        except Exception:
            events.error("somebody could not be sent away")

    def _check(self, grant: Grant, who: str) -> None:
        if not grant.viewers:
            return
        others = {
            visit.who
            for visit in self._here
            if visit.who != who and any(each.id == grant.id for each in visit.grants)
        }
        if len(others) >= grant.viewers:
            raise refuse(
                "key_viewers", f"this key is for {grant.viewers} at a time: try again later"
            )
