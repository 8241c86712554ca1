"""Backlog: what was written to connections and the kernel has not taken."""

from collections.abc import Hashable, Iterable
from typing import Protocol

from televise import events
from televise.model import refusals


class Full(Hashable, Protocol):
    """A connection that takes no more now."""

    @property
    def unsent(self) -> int:
        """Bytes that wait for it."""

    def abort(self) -> None:
        """Close it at once."""


class Backlog:
    """Counts the bytes that wait for connections, in the order in which these became full. There
    may be ``most``: where it is more, those go who are full for longest; at once where it is twice
    that, else when `look` is called, each second."""

    def __init__(self, most: int = 1 << 28) -> None:
        self.most = most
        self._full: dict[Full, int] = {}
        self.bytes = 0

    @property
    def is_too_much(self) -> bool:
        """Whether there is no room for more viewers now."""
        return self.bytes > self.most

    def enter(self, connection: Full) -> None:
        """It has become full, or fuller."""
        size = connection.unsent
        self.bytes += size - self._full.get(connection, 0)
        self._full[connection] = size
        if self.bytes > 2 * self.most:
            self.look()

    def leave(self, connection: Full) -> None:
        """It has taken all, or is gone."""
        self.bytes -= self._full.pop(connection, 0)

    def look(self, connections: Iterable[Full] = ()) -> None:
        """Count anew, as some have been written to since, these ``connections`` too; and send away
        who is too much."""
        every = dict.fromkeys([*self._full, *connections])
        self._full = {each: size for each in every if (size := each.unsent)}
        self.bytes = sum(self._full.values())
        if not self.is_too_much:
            return
        before = len(self._full)
        while self._full and self.is_too_much:
            connection = next(iter(self._full))
            self.leave(connection)
            connection.abort()
            refusals.counts["megabytes"] += 1
        events.warning(
            "too much waits for viewers: who is behind for longest is sent away",
            viewers=before - len(self._full),
        )
