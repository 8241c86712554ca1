"""Seat: the one place that a channel has for a publisher."""

from televise import events
from televise.errors import Busy, InputError, TeleviseError, Unavailable, Unsupported
from televise.hub.publishable import Publishable
from televise.hub.publishing import RESUMABLE, Publishing
from televise.hub.relays.uplink import Uplink
from televise.hub.supply import Supply
from televise.link.messages import Ended, Taken
from televise.model.source import SourceSpec

# Who is sent away after such a silence has sent nothing wrong, and may come again: a phone has
# taken the camera from a page, or the line was dead.
SILENT_SECONDS = 10.0


class Seat:
    """Who publishes channel ``name`` now, instead of or through its ``supply``."""

    def __init__(self, name: str, supply: Supply) -> None:
        self._name = name
        self._supply = supply
        self.publisher: Publishing | None = None

    def take(self, publisher: Publishing, source: SourceSpec, *, take_over: bool) -> None:
        """Let somebody sit down. Busy where another one does, unless its place is taken over, or
        was its own; InputError where the ``source`` of the channel is no publisher."""
        supply = self._supply
        if source.kind != "publish" or not isinstance(supply, Publishable):
            raise InputError(f"{self._name} is not for publishing: its source is {source.public}")
        if self.publisher is not None:
            if not take_over and not _is_again(publisher.uplink, self.publisher.uplink):
                raise Busy(f"somebody publishes {self._name} already: stop that, or take it over")
            self.publisher.send_away("another publisher has taken over", Busy)
        self.publisher = publisher
        publisher.begin(self._release)
        if publisher.uplink is not None:
            supply.link(publisher.uplink)

    def link(self) -> None:
        """There is a worker, to which all can be given."""
        if self.publisher is not None:
            self.publisher.link()

    def lost(self) -> None:
        """The worker has died; a publisher whose format allows it goes on with the next."""
        if self.publisher is not None and self.publisher.format not in RESUMABLE:
            self.publisher.send_away("its reader has ended: publish again", Unavailable)

    def heard(self, message: Taken | Ended) -> None:
        """What the worker says of a publisher."""
        publisher = self.publisher
        if publisher is None or publisher.id != message.id:
            return
        if isinstance(message, Taken):
            publisher.taken(message.count)
            return
        if message.text:
            events.warning("publisher sent away", channel=self._name, reason=message.text)
        silent = publisher.silent_seconds > SILENT_SECONDS
        publisher.send_away(message.text, Unavailable if silent else Unsupported)

    def close(self, text: str, error: type[TeleviseError]) -> None:
        """Nobody may sit here any more."""
        if self.publisher is not None:
            self.publisher.send_away(text, error)

    def _release(self, publisher: Publishing) -> None:
        if self.publisher is not publisher:
            return
        self.publisher = None
        if publisher.uplink is not None and isinstance(self._supply, Publishable):
            self._supply.unlink()


def _is_again(new: Uplink | None, old: Uplink | None) -> bool:
    """Whether both are of one publisher."""
    return new is not None and old is not None and bool(new.node) and new.node == old.node
