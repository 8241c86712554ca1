"""Looks: all that look back at a channel now."""

from collections.abc import Callable
from functools import partial

from televise.hub.budget import Budget, cost
from televise.hub.look_back import LookBack
from televise.link.messages import Ended, Look, Taken, Unsubscribe
from televise.model.refusals import refuse

# They are made one after another.
MAX_LOOKS = 8


class Looks:
    """Those of channel ``name``; asked for with ``send``, ended when all of one has come or nobody
    waits for it any more; how much one may have depends on a ``budget``."""

    def __init__(
        self, name: str, send: Callable[[Look | Unsubscribe], None], budget: Budget
    ) -> None:
        self._name = name
        self._send = send
        self._budget = budget
        self._looks: dict[int, LookBack] = {}

    def begin(self, look: Look, size: tuple[int, int]) -> LookBack:
        """Ask for ``look`` at pictures of this ``size``; it is to be waited for. LimitReached where
        too many look back, or it is too much."""
        self._budget.check_clip(cost(look.rendition, size) * look.length)
        if len(self._looks) >= MAX_LOOKS:
            raise refuse(
                "looks", f"{MAX_LOOKS} others look back at {self._name} now: try again later"
            )
        made = self._looks[look.id] = LookBack(partial(self._over, look.id))
        self._send(look)
        return made

    def get(self, number: int) -> LookBack | None:
        """That of this number."""
        return self._looks.get(number)

    def ended(self, message: Ended | Taken) -> bool:
        """All of it has come; False where the message is of none of these."""
        if not isinstance(message, Ended) or message.id not in self._looks:
            return False
        self._looks.pop(message.id).end(message.text)
        return True

    def _over(self, number: int) -> None:
        """Nobody waits for it; where not all of it has come, nothing more need come."""
        if self._looks.pop(number, None) is not None:
            self._send(Unsubscribe(number))

    def end_all(self, text: str) -> None:
        """Nothing more will come; ``text`` says why."""
        looks, self._looks = self._looks, {}
        for look in looks.values():
            look.end(text)
