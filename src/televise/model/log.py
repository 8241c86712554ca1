"""Log and Cursor: a short, bounded history, and a position in it.

The one rule of loss lives here: a reader that falls behind resumes at the newest keyframe.
"""

from collections import deque
from typing import Generic, Protocol, TypeVar


class Item(Protocol):
    """What a log can hold: bytes at a media time, some of which a reader may begin at."""

    @property
    def data(self) -> bytes: ...
    @property
    def keyframe(self) -> bool: ...
    @property
    def seconds(self) -> float: ...


T = TypeVar("T", bound=Item)

# However small they are, items cost memory.
MAX_ITEMS = 100_000


class Log(Generic[T]):
    """Bounded, append-only; one writer, many cursors. Items before the first keyframe are refused.

    It keeps at least the newest GOP, and older whole GOPs while they are younger than
    ``max_seconds`` (of media) and all together smaller than ``max_bytes``. A single GOP that
    outgrows ``max_bytes`` is forgotten too: nobody can join until the next keyframe. So is all that
    came before a keyframe at which media time goes back, as in the epoch of another hub: its age
    cannot be known any more.
    """

    def __init__(self, max_seconds: float = 4.0, max_bytes: int = 32 << 20) -> None:
        self._max_seconds = max_seconds
        self._max_bytes = max_bytes
        self._items: list[T] = []
        self._first = 0
        self._keyframes: deque[int] = deque()
        self._bytes = 0

    @property
    def first(self) -> int:
        """Position of the oldest item that is kept."""
        return self._first

    @property
    def end(self) -> int:
        """Position that the next item will have."""
        return self._first + len(self._items)

    @property
    def bytes(self) -> int:
        """Bytes of payload that are kept."""
        return self._bytes

    @property
    def newest(self) -> T | None:
        """The newest item."""
        return self._items[-1] if self._items else None

    @property
    def newest_keyframe(self) -> int | None:
        """Position of the newest keyframe, where a reader may begin."""
        return self._keyframes[-1] if self._keyframes else None

    def keyframe_within(self, seconds: float) -> int | None:
        """Position of the oldest keyframe that is at most ``seconds`` older than the newest item.

        Where none is so young, it is the newest keyframe.
        """
        for position in self._keyframes:
            if self._items[-1].seconds - self[position].seconds <= seconds:
                return position
        return self.newest_keyframe

    def __getitem__(self, position: int) -> T:
        """The item at ``position``, which must lie between ``first`` and ``end``."""
        index = position - self._first
        if index < 0:
            raise IndexError(position)
        return self._items[index]

    def append(self, item: T) -> bool:
        """Add the newest item; False where nobody could begin to read at or before it."""
        if item.keyframe:
            if self._goes_back(item):
                self.clear()
            self._keyframes.append(self.end)
        elif not self._keyframes:
            return False
        self._items.append(item)
        self._bytes += len(item.data)
        self._forget()
        return True

    def forget_past(self) -> None:
        """Forget what came before the newest keyframe."""
        if self._keyframes:
            self._forget_before(self._keyframes[-1])

    def clear(self) -> None:
        """Forget everything; positions go on."""
        self._forget_before(self.end)

    def _goes_back(self, keyframe: T) -> bool:
        newest = self.newest_keyframe
        return newest is not None and keyframe.seconds < self[newest].seconds

    def _forget(self) -> None:
        while len(self._keyframes) > 1 and self._is_too_much():
            self._forget_before(self._keyframes[1])
        if self._bytes > self._max_bytes or len(self._items) > MAX_ITEMS:
            self.clear()

    def _is_too_much(self) -> bool:
        age = self._items[-1].seconds - self._items[0].seconds
        return self._bytes > self._max_bytes or age > self._max_seconds

    def _forget_before(self, position: int) -> None:
        count = position - self._first
        self._bytes -= sum(len(item.data) for item in self._items[:count])
        del self._items[:count]
        self._first = position
        while self._keyframes and self._keyframes[0] < position:
            self._keyframes.popleft()


class Cursor(Generic[T]):
    """A reader's position in a log. It begins at the newest keyframe, or at the next one to come.

    ``max_latency`` is seconds of media, and so is ``burst``: how far in the past it begins if it
    can. ``skipped`` counts items that were passed over.
    """

    def __init__(self, log: Log[T], max_latency: float, burst: float = 0.0) -> None:
        self._log = log
        self.max_latency = max_latency
        self.skipped = 0
        keyframe = log.keyframe_within(burst) if burst else log.newest_keyframe
        self.position = log.end if keyframe is None else keyframe

    @property
    def lag(self) -> float:
        """Seconds of media between the next item to read and the newest."""
        log = self._log
        newest = log.newest
        if newest is None or self.position >= log.end:
            return 0.0
        return newest.seconds - log[max(self.position, log.first)].seconds

    def read(self) -> T | None:
        """The next item, or None where there is none yet."""
        log = self._log
        if self.position < log.first or self.lag > self.max_latency:
            self._skip()
        if self.position >= log.end:
            return None
        item = log[self.position]
        self.position += 1
        return item

    def _skip(self) -> None:
        log = self._log
        keyframe = log.newest_keyframe
        target = log.end if keyframe is None else keyframe
        if target > self.position:
            self.skipped += target - self.position
            self.position = target
