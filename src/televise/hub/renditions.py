"""Renditions: the encodings of a channel that there are now."""

from collections.abc import Callable, Iterator

from televise.hub.budget import Budget, cost
from televise.hub.encoding import Encoding
from televise.hub.ledger import Ledger
from televise.hub.timers import Timers
from televise.link.messages import Subscribe, Unsubscribe
from televise.model.refusals import refuse
from televise.model.rendition import Rendition

# An encoder runs on for a moment after its last viewer, who may only be reloading the page.
LINGER_SECONDS = 2.0
# Made for those who want one picture: the next of them is to have a newer one.
_SINGLE = "png"


class Renditions:
    """Those of channel ``name``, asked for with ``send`` under the next of its ``numbers``, each
    while somebody watches it; those that differ from the source are limited by a ``budget``.
    ``ended`` is called when there is one less."""

    def __init__(
        self,
        name: str,
        ledger: Ledger,
        send: Callable[[Subscribe | Unsubscribe], None],
        numbers: Iterator[int],
        budget: Budget,
        ended: Callable[[], None],
    ) -> None:
        self._name = name
        self._ledger = ledger
        self._send = send
        self._numbers = numbers
        self._budget = budget
        self._ended = ended
        # Of the source's pictures, where that is known.
        self.size = (0, 0)
        self._encodings: dict[Rendition, Encoding] = {}
        self._by_id: dict[int, Encoding] = {}
        self._costs: dict[int, float] = {}
        self._timers = Timers()
        self._closed = False

    @property
    def all(self) -> list[Encoding]:
        """Every encoding."""
        return list(self._encodings.values())

    def get(self, number: int) -> Encoding | None:
        """The encoding of this number."""
        return self._by_id.get(number)

    def acquire(self, rendition: Rendition) -> Encoding:
        """One who watches has come. LimitReached where there are too many others."""
        encoding = self._encodings.get(rendition) or self._add(rendition)
        encoding.users += 1
        self._timers.cancel(rendition)
        return encoding

    def release(self, encoding: Encoding) -> None:
        """One who acquired ``encoding`` has gone."""
        encoding.users -= 1
        if encoding.users or self._closed:
            return
        if encoding.refusal or encoding.rendition.video == _SINGLE:
            self._remove(encoding)  # who asks again may have more luck, or a newer picture
        else:
            self._timers.later(encoding.rendition, LINGER_SECONDS, self._remove, encoding)

    def refuse(self, encoding: Encoding, reason: str) -> None:
        """It cannot be made."""
        encoding.refuse(reason)
        if not encoding.users:
            self._remove(encoding)

    def close(self) -> None:
        """Nothing is encoded any more."""
        self._closed = True
        self._timers.close()
        self._budget.give_back(sum(self._costs.values()))
        self._costs.clear()

    def repeat(self) -> None:
        """There is somebody else to make them: ask for all of them again."""
        for encoding in self.all:
            self._subscribe(encoding)

    def _add(self, rendition: Rendition) -> Encoding:
        for idle in self._room_for(rendition):
            self._remove(idle)
        number = next(self._numbers)
        encoding = Encoding(number, rendition, self._ledger)
        self._encodings[rendition] = self._by_id[number] = encoding
        self._costs[number] = cost(rendition, self.size)
        self._budget.take(self._costs[number])
        self._subscribe(encoding)
        return encoding

    def _remove(self, encoding: Encoding) -> None:
        self._timers.cancel(encoding.rendition)
        self._encodings.pop(encoding.rendition, None)
        self._by_id.pop(encoding.id, None)
        self._budget.give_back(self._costs.pop(encoding.id, 0.0))
        self._send(Unsubscribe(encoding.id))
        self._ended()

    def _room_for(self, rendition: Rendition) -> list[Encoding]:
        """Those that linger and must end, so that there is room. LimitReached where there is none
        to be made."""
        if rendition.untouched:
            return []
        limited = [each for each in self.all if not each.rendition.untouched]
        idle = [each for each in limited if each.users == 0]
        pixels = cost(rendition, self.size)
        too_many = len(limited) + 1 - self._budget.renditions
        if too_many > len(idle):
            raise refuse(
                "renditions",
                f"{self._name} is already encoded in {self._budget.renditions} ways: "
                "ask without a query, for one of them, or later",
            )
        self._budget.check(pixels, sum(self._costs[each.id] for each in idle))
        return idle if self._budget.lacks(pixels) else idle[: max(0, too_many)]

    def _subscribe(self, encoding: Encoding) -> None:
        self._send(Subscribe(encoding.id, encoding.rendition, encoding.epoch + 1))
