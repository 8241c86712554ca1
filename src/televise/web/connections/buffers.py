"""Buffers: all that waits for viewers, in bytes, and what gives way when it is too much."""

import time
from collections.abc import Callable, Iterable

from televise import events
from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.hub.hub import Hub
from televise.model import refusals
from televise.web.connections.backlog import Backlog
from televise.web.connections.connection import Connection


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
        """Who takes nothing goes. Where it is too much, the past is forgotten, the longest first,
        and those go who have been behind for longest."""
        self._end_stuck(time.monotonic())
        self._forget(self._backlog.most)
        self._backlog.look(self._connections())

    def _end_stuck(self, now: float) -> None:
        for connection in [each for each in self._connections() if each.is_stuck(now)]:
            connection.abort()
            refusals.counts["slow_reading"] += 1
            events.info("nobody takes an answer", address=connection.address)

    def _forget(self, most: int) -> None:
        """What is older than the newest keyframe only those miss who are behind. Without the rest
        nobody sees anything before the next one."""
        self._free(most, Encoding.forget_past)
        for channel, encoding in self._free(most, Encoding.forget):
            channel.want_keyframe(encoding)

    def _free(
        self, most: int, forget: Callable[[Encoding], None]
    ) -> list[tuple[Channel, Encoding]]:
        """Let encodings ``forget``, the largest first, until no more than that is kept: which."""
        encodings, freed = self._encodings(), []
        excess = sum(encoding.bytes for _, encoding in encodings) - most
        if excess <= 0:
            return []
        for channel, encoding in sorted(encodings, key=lambda each: -each[1].bytes):
            before = encoding.bytes
            if excess > 0:
                forget(encoding)
            if less := before - encoding.bytes:
                excess -= less
                freed.append((channel, encoding))
                refusals.counts["megabytes"] += 1
                text = "too much waits for viewers: pictures are skipped"
                events.warning(text, channel=channel.name)
        return freed

    def _encodings(self) -> list[tuple[Channel, Encoding]]:
        return [(channel, each) for channel in self._hub.channels for each in channel.encodings]
