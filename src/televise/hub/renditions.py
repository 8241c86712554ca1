"""Renditions: the encodings of a channel that there are now."""

from collections.abc import Callable

from televise.hub.budget import Budget, cost
from televise.hub.encoding import Encoding
from televise.hub.ledger import Ledger
from televise.link.messages import Subscribe, Unsubscribe
from televise.model.refusals import refuse
from televise.model.rendition import Rendition


class Renditions:
    """Those of channel ``name``, asked for with ``send``; those that differ from the source are
    limited by a ``budget``."""

    def __init__(
        self,
        name: str,
        ledger: Ledger,
        send: Callable[[Subscribe | Unsubscribe], None],
        budget: Budget,
    ) -> None:
        self._name = name
        self._ledger = ledger
        self._send = send
        self._budget = budget
        # Of the source's pictures, where that is known.
        self.size = (0, 0)
        self._encodings: dict[Rendition, Encoding] = {}
        self._by_id: dict[int, Encoding] = {}
        self._costs: dict[int, float] = {}

    @property
    def all(self) -> list[Encoding]:
        """Every encoding."""
        return list(self._encodings.values())

    def find(self, rendition: Rendition) -> Encoding | None:
        """The encoding of this rendition."""
        return self._encodings.get(rendition)

    def get(self, number: int) -> Encoding | None:
        """The encoding of this number."""
        return self._by_id.get(number)

    def room_for(self, rendition: Rendition) -> list[Encoding]:
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

    def add(self, number: int, rendition: Rendition) -> Encoding:
        """Begin another one."""
        encoding = Encoding(number, rendition, self._ledger)
        self._encodings[rendition] = self._by_id[number] = encoding
        self._costs[number] = cost(rendition, self.size)
        self._budget.take(self._costs[number])
        self._subscribe(encoding)
        return encoding

    def remove(self, encoding: Encoding) -> None:
        """End it."""
        self._encodings.pop(encoding.rendition, None)
        self._by_id.pop(encoding.id, None)
        self._budget.give_back(self._costs.pop(encoding.id, 0.0))
        self._send(Unsubscribe(encoding.id))

    def close(self) -> None:
        """Nothing is encoded any more."""
        self._budget.give_back(sum(self._costs.values()))
        self._costs.clear()

    def repeat(self) -> None:
        """There is somebody else to make them: ask for all of them again."""
        for encoding in self.all:
            self._subscribe(encoding)

    def _subscribe(self, encoding: Encoding) -> None:
        self._send(Subscribe(encoding.id, encoding.rendition, encoding.epoch + 1))
