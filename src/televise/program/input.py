"""Input: what viewers do with the mouse and the keyboard, told to the program."""

import queue
import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Of so many pictures is known when they were captured, and how large they were.
MAX_KNOWN = 1000
# So much input may wait for the program; more is dropped.
MAX_WAITING = 1000
MAX_KEY = 32
# Unix time; no viewer means a later one.
MAX_MILLISECONDS = 1e15


@dataclass(frozen=True, slots=True)
class Click:
    """A viewer pressed a button of the mouse, or touched the picture.

    ``x`` and ``y`` are pixels of the picture that was on its screen, from the top left;
    ``button`` is 0 for the left one, 1 for the middle, 2 for the right; ``frame`` is what `show`
    returned for that picture, None where that was too long ago.
    """

    x: int
    y: int
    button: int
    frame: int | None


@dataclass(frozen=True, slots=True)
class Key:
    """A viewer pressed a key; ``key`` is its name as browsers have it (``a``, ``ArrowUp``)."""

    key: str
    frame: int | None


@dataclass(slots=True)  # not frozen: that would make it slower
class _Known:
    captured: int
    number: int
    size: tuple[int, int]


class History:
    """Which pictures were shown lately; they are found by when they were captured."""

    def __init__(self) -> None:
        self._known: deque[_Known] = deque(maxlen=MAX_KNOWN)

    def add(self, captured: int, number: int, size: tuple[int, int]) -> None:
        """Picture ``number`` of ``size`` pixels was captured at Unix nanoseconds."""
        self._known.append(_Known(captured, number, size))

    def understand(self, message: dict[str, Any]) -> Click | Key | None:
        """What a viewer's ``message`` means; None where it means nothing."""
        known = self._find(message.get("captured"))
        frame = None if known is None else known.number
        if message.get("type") == "key":
            key = message.get("key")
            fits = isinstance(key, str) and 0 < len(key) <= MAX_KEY
            return Key(str(key), frame) if fits else None
        return self._understand_click(message, known or self._newest(), frame)

    def _understand_click(
        self, message: dict[str, Any], known: _Known | None, frame: int | None
    ) -> Click | None:
        x, y, button = _share(message.get("x")), _share(message.get("y")), message.get("button")
        if known is None or x is None or y is None or not isinstance(button, int):
            return None
        width, height = known.size
        return Click(
            min(int(x * width), width - 1), min(int(y * height), height - 1), button, frame
        )

    def _newest(self) -> _Known | None:
        return self._known[-1] if self._known else None

    def _find(self, milliseconds: Any) -> _Known | None:
        """The newest that was captured no later than that."""
        if not isinstance(milliseconds, int | float) or not abs(milliseconds) < MAX_MILLISECONDS:
            return None
        # Viewers know microseconds; half of one more bears their rounding.
        captured = milliseconds * 1e6 + 500
        for known in reversed(self._known.copy()):
            if known.captured <= captured:
                return known
        return None


def _share(value: Any) -> float | None:
    """A part of the whole, from 0 to 1."""
    return value if isinstance(value, int | float) and 0 <= value <= 1 else None


class Callbacks:
    """One thread in which the program's functions are called, one after another."""

    def __init__(self) -> None:
        self._calls: queue.Queue[Callable[[], None] | None] = queue.Queue(MAX_WAITING)
        self._thread: threading.Thread | None = None

    def put(self, function: Callable[[Any], object], event: Click | Key) -> None:
        """Call ``function`` with ``event`` when it is its turn; not where too many wait."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="televise callbacks", daemon=True
            )
            self._thread.start()
        if not self._calls.full():
            self._calls.put(lambda: _call(function, event))

    def stop(self) -> None:
        """Call no more; what is running may end."""
        if not self._calls.full():
            self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _call(function: Callable[[Any], object], event: Click | Key) -> None:
    try:
        function(event)
    except Exception:  # the program's own fault, which must not end its channels
        traceback.print_exc()
