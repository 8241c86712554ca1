"""Display: the newest picture of a channel, and when its viewers are given it."""

import logging
import threading
import time
from itertools import count
from pathlib import Path
from typing import Any

from televise.errors import InputError
from televise.program.background import Background
from televise.program.input import History
from televise.program.outlet import Outlet
from televise.program.pace import Pace
from televise.program.picture import Picture, fault

# A figure is left to be drawn by who shows it, if that is within this time.
_DRAW_SECONDS = 0.3

_log = logging.getLogger("televise")


# What was shown: its number, how it is understood, itself, Unix nanoseconds, JSON. A tuple, as
# nothing is made as quickly, and nearly all of them are never seen.
Frame = tuple[int, Picture, Any, int, bytes]


class Display:
    """That of channel ``name``. A worker is given pictures at ``path``, ``fps`` a second at most,
    while somebody watches; who is the first to watch gets the last one."""

    def __init__(self, name: str, path: Path, fps: float, background: Background) -> None:
        self._name = name
        self._background = background
        self._pace = Pace(fps)
        self._lock = threading.Lock()
        self._numbers = count()
        # What is copied, and not due yet.
        self._copied: Frame | None = None
        # The number of what viewers were given last. Not itself: it may be large.
        self._published = -1
        self._flushing = False
        self.newest: Frame | None = None
        self.history = History()
        self.outlet = Outlet(path, fps, background, self._somebody_came)

    def show(self, picture: Picture, frame: Any, captured: int, meta: bytes) -> int:
        """Show ``frame``, which is understood as ``picture``, from any thread; returns its number.
        InputError where it proves not to be one."""
        number = next(self._numbers)
        # Who comes to watch now finds it, if that is not seen here.
        self.newest = newest = number, picture, frame, captured, meta
        if self.outlet.watched or self._published < 0:
            self._give(newest)
        return number

    def _give(self, newest: Frame) -> None:
        """Copy it, and let viewers have it when it is due; another thread may have a newer one."""
        with self._lock:
            if newest is not self.newest:
                return
            self._copy(newest)
            now = time.monotonic()
            if self._pace.is_due(now):
                self._hand_over(newest, now)
            elif not self._flushing:
                self._flush_later(now)

    def _flush_later(self, now: float) -> None:
        """Hand over what was copied when it is due."""
        self._flushing = True
        wait = self._pace.wait_seconds(now)
        self._background.soon(self._background.loop.call_later, wait, self._flush)

    def _flush(self) -> None:
        with self._lock:
            self._flushing = False
            copied = self._copied
            # Another may have been shown while nobody watched.
            if copied is not None and copied is self.newest and self.outlet.watched:
                self._hand_over(copied, time.monotonic())

    def _copy(self, shown: Frame) -> None:
        _, picture, frame, captured, meta = shown
        self._copied = None
        self.outlet.put(picture.of(frame), captured, meta)
        self._copied = shown

    def _hand_over(self, shown: Frame, now: float) -> None:
        """Let viewers have what was ``shown``, which is copied."""
        number, picture, _, captured, _ = shown
        self._copied, self._published = None, number
        self._pace.take(now)
        self.history.add(captured, number, (picture.width, picture.height))
        self.outlet.publish()

    def _somebody_came(self) -> None:
        """In the background: give a new worker and the first viewer the last picture."""
        newest = self.newest
        if newest is not None and newest[1].drawn:
            self._background.loop.call_later(_DRAW_SECONDS, self._catch_up, newest)
        elif newest is not None:
            self._catch_up(newest)

    def _catch_up(self, shown: Frame) -> None:
        with self._lock:
            if shown is not self.newest:
                return
            number, _, _, captured, _ = shown
            if number == self._published:
                self.outlet.publish()
                return
            try:
                self._copy(shown)
            except (InputError, OSError) as error:
                text = f"picture {number} cannot be shown: {error}"
                _log.warning("televise: %s: %s", self._name, text)
                self.outlet.put(fault(text), captured, b"")
            self._hand_over(shown, time.monotonic())
