"""Buffers: all that waits for viewers, in bytes, and what gives way when it is too much."""

import time
from collections.abc import Callable, Iterable

from televise import events
from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.hub.hub import Hub
from televise.model import refusals
from televise.web.backlog import Backlog
from televise.web.connection import Connection


class Buffers:
    """The newest pictures that a ``hub`` keeps, and the ``backlog`` of its ``connections``: each
    may have half of so many megabytes. `look` must be called each second."""

    def __init__(
        self, hub: Hub, backlog: Backlog, connections: Callable[[], Iterable[Connection]]
    ) -> None:
        self._hub = hub
        self._backlog = backlog
        self._connections = connections

    def set_limit(self, megabytes: int) -> None:
        """From now on."""
        self._backlog.most = megabytes << 19

    @property
    def bytes(self) -> int:
        """How much it is now."""
        return sum(each.bytes for _, each in self._encodings()) + self._backlog.bytes

    def look(self) -> None:
        """Who takes nothing goes. Where it is too much, the longest past is forgotten, and those go
        who have been behind for longest."""
        self._end_stuck(time.monotonic())
        self._forget(self._backlog.most)
        self._backlog.look(self._connections())

    def _end_stuck(self, now: float) -> None:
        for connection in [each for each in self._connections() if each.is_stuck(now)]:
            connection.abort()
            refusals.counts["slow_reading"] += 1
            events.info("nobody takes an answer", address=connection.address)

    def _forget(self, most: int) -> None:
        encodings = self._encodings()
        excess = sum(encoding.bytes for _, encoding in encodings) - most
        if excess <= 0:
            return
        for channel, encoding in sorted(encodings, key=lambda each: -each[1].bytes):
            excess -= encoding.bytes
            encoding.forget()
            channel.want_keyframe(encoding)
            refusals.counts["megabytes"] += 1
            events.warning("too much waits for viewers: pictures are skipped", channel=channel.name)
            if excess <= 0:
                return

    def _encodings(self) -> list[tuple[Channel, Encoding]]:
        return [(channel, each) for channel in self._hub.channels for each in channel.encodings]
