"""Renditions: the encodings of a channel that there are now."""

from collections.abc import Callable

from televise.errors import LimitReached
from televise.hub.encoding import Encoding
from televise.hub.ledger import Ledger
from televise.link.messages import Subscribe, Unsubscribe
from televise.model.rendition import Rendition

MAX_RENDITIONS = 8


class Renditions:
    """Those of channel ``name``, asked for with ``send``; the number of those that differ from the
    source is limited."""

    def __init__(
        self, name: str, ledger: Ledger, send: Callable[[Subscribe | Unsubscribe], None]
    ) -> None:
        self._name = name
        self._ledger = ledger
        self._send = send
        self._encodings: dict[Rendition, Encoding] = {}
        self._by_id: dict[int, Encoding] = {}

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

    def room_for(self, rendition: Rendition) -> Encoding | None:
        """One that lingers and must end, so that there is room. LimitReached where there is none
        to be made."""
        limited = [each for each in self.all if not each.rendition.untouched]
        if rendition.untouched or len(limited) < MAX_RENDITIONS:
            return None
        if idle := next((each for each in limited if each.users == 0), None):
            return idle
        raise LimitReached(
            f"{self._name} is already encoded in {MAX_RENDITIONS} ways: "
            "ask without a query, for one of them, or later"
        )

    def add(self, number: int, rendition: Rendition) -> Encoding:
        """Begin another one."""
        encoding = Encoding(number, rendition, self._ledger)
        self._encodings[rendition] = self._by_id[number] = encoding
        self._subscribe(encoding)
        return encoding

    def remove(self, encoding: Encoding) -> None:
        """End it."""
        self._encodings.pop(encoding.rendition, None)
        self._by_id.pop(encoding.id, None)
        self._send(Unsubscribe(encoding.id))

    def repeat(self) -> None:
        """There is somebody else to make them: ask for all of them again."""
        for encoding in self.all:
            self._subscribe(encoding)

    def _subscribe(self, encoding: Encoding) -> None:
        self._send(Subscribe(encoding.id, encoding.rendition, encoding.epoch + 1))
