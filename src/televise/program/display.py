"""Display: the newest picture of a channel, and when its viewers are given it."""

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from televise.errors import InputError
from televise.program.background import Background
from televise.program.input import History
from televise.program.outlet import Outlet
from televise.program.pace import Pace
from televise.program.picture import Picture, fault

# A figure is left to be drawn by who shows it, if that is within this time.
_DRAW_SECONDS = 0.3

_log = logging.getLogger("televise")


@dataclass(slots=True)  # not frozen: that would make it slower
class Frame:
    """What was shown last; ``captured`` is Unix nanoseconds, ``meta`` JSON."""

    number: int
    picture: Picture
    captured: int
    meta: bytes


class Display:
    """That of channel ``name``. A worker is given pictures at ``path``, ``fps`` a second at most,
    while somebody watches; who is the first to watch gets the last one."""

    def __init__(self, name: str, path: Path, fps: float, background: Background) -> None:
        self._name = name
        self._background = background
        self._pace = Pace(fps)
        self._lock = threading.Lock()
        self._count = 0
        # What is copied, and not due yet.
        self._copied: Frame | None = None
        self._begun = False
        self._flushing = False
        self.newest: Frame | None = None
        self.history = History()
        self.outlet = Outlet(path, fps, background, self._somebody_came)

    def show(self, picture: Picture, captured: int, meta: bytes) -> int:
        """Show ``picture``, from any thread; returns its number. InputError where it proves not to
        be one."""
        with self._lock:
            number, self._count = self._count, self._count + 1
            newest = self.newest = Frame(number, picture, captured, meta)
            if self.outlet.watched or not self._begun:
                self._copy(newest)
                now = time.monotonic()
                if self._pace.is_due(now):
                    self._hand_over(newest, now)
                elif not self._flushing:
                    self._flush_later(now)
        return number

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

    def _copy(self, frame: Frame) -> None:
        self._copied = None
        self.outlet.put(frame.picture, frame.captured, frame.meta)
        self._copied = frame

    def _hand_over(self, frame: Frame, now: float) -> None:
        """Let viewers have ``frame``, which is copied."""
        picture = frame.picture
        self._copied, self._begun = None, True
        self._pace.take(now)
        self.history.add(frame.captured, frame.number, (picture.width, picture.height))
        self.outlet.publish()

    def _somebody_came(self) -> None:
        """In the background: give the first viewer the last picture."""
        newest = self.newest
        if newest is not None and newest.picture.drawn:
            self._background.loop.call_later(_DRAW_SECONDS, self._catch_up, newest.number)
        elif newest is not None:
            self._catch_up(newest.number)

    def _catch_up(self, number: int) -> None:
        with self._lock:
            newest = self.newest
            if newest is None or newest.number != number:
                return
            try:
                self._copy(newest)
            except (InputError, OSError) as error:
                text = f"picture {number} cannot be shown: {error}"
                _log.warning("televise: %s: %s", self._name, text)
                self.outlet.put(fault(text), newest.captured, b"")
            self._hand_over(newest, time.monotonic())
