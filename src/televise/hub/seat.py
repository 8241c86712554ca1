"""Seat: the one place that a channel has for a publisher."""

from collections.abc import Callable

from televise import events
from televise.errors import Busy, TeleviseError, Unavailable
from televise.hub.publishing import RESUMABLE, Publishing, Send
from televise.link.messages import Ended, Taken


class Seat:
    """Who publishes channel ``name`` now, whose bytes are given to ``send``; ``left`` hears of each
    that has gone."""

    def __init__(self, name: str, send: Send, left: Callable[[Publishing], None]) -> None:
        self._name = name
        self._send = send
        self._left = left
        self.publisher: Publishing | None = None

    def take(
        self, number: int, format: str, address: str, *, take_over: bool, node: str = ""
    ) -> Publishing:
        """Let somebody sit down. Busy where another one does, unless its place is taken over;
        ``node`` may take over its own."""
        if self.publisher is not None:
            if not take_over and not (node and node == self.publisher.node):
                raise Busy(f"somebody publishes {self._name} already: stop that, or take it over")
            self.publisher.send_away("another publisher has taken over", Busy)
        self.publisher = Publishing(number, format, address, self._send)
        self.publisher.node = node
        self.publisher.begin(self._release)
        return self.publisher

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
        publisher.send_away(message.text)

    def close(self, text: str, error: type[TeleviseError]) -> None:
        """Nobody may sit here any more."""
        if self.publisher is not None:
            self.publisher.send_away(text, error)

    def _release(self, publisher: Publishing) -> None:
        if self.publisher is publisher:
            self.publisher = None
            self._left(publisher)
