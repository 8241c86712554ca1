"""Buffers: all that waits for viewers, in bytes, and what gives way when it is too much."""

from collections.abc import Callable, Iterable

from televise import events
from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.hub.hub import Hub
from televise.model import refusals
from televise.web.connection import Connection

MAX_MEGABYTES = 512


class Buffers:
    """The newest pictures that a ``hub`` keeps, and what ``connections`` have not taken yet: each
    may have half of ``megabytes``. `look` must be called each second."""

    def __init__(
        self, hub: Hub, connections: Callable[[], Iterable[Connection]], megabytes: int
    ) -> None:
        self._hub = hub
        self._connections = connections
        self.megabytes = megabytes

    @property
    def bytes(self) -> int:
        """How much it is now."""
        kept = sum(encoding.bytes for _, encoding in self._encodings())
        return kept + sum(connection.unsent for connection in self._connections())

    def look(self) -> None:
        """Where it is too much, the longest past is forgotten, and those go who are the most
        behind."""
        half = self.megabytes << 19
        self._forget(half)
        self._shed(half)

    def _forget(self, most: int) -> None:
        encodings = sorted(self._encodings(), key=lambda each: each[1].bytes, reverse=True)
        kept = sum(encoding.bytes for _, encoding in encodings)
        for channel, encoding in encodings:
            if kept <= most:
                return
            kept -= encoding.bytes
            encoding.forget()
            channel.want_keyframe(encoding)
            refusals.counts["megabytes"] += 1
            events.warning("too much waits for viewers: pictures are skipped", channel=channel.name)

    def _shed(self, most: int) -> None:
        unsent = [(each.unsent, each) for each in self._connections()]
        waiting = sum(count for count, _ in unsent)
        for count, connection in sorted(unsent, key=lambda each: each[0], reverse=True):
            if waiting <= most:
                return
            waiting -= count
            connection.abort()
            refusals.counts["megabytes"] += 1
            events.warning("too much waits for viewers: those most behind are sent away")

    def _encodings(self) -> list[tuple[Channel, Encoding]]:
        return [(channel, each) for channel in self._hub.channels for each in channel.encodings]
