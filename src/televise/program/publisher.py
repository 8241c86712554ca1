"""Publisher: the channels of a program, wherever their hub may be."""

import atexit
import os
import shutil
import tempfile
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from televise.errors import InputError, Unavailable, UnknownChannel
from televise.program.arguments import MAX_FPS, check_channel, check_fps, check_size
from televise.program.background import Background
from televise.program.channel import Channel
from televise.program.input import Callbacks, Click, Key
from televise.program.picture import Colors, check_colors

_CLOSED = "this server has been closed: make a new one"


class Publisher(ABC):
    """Makes channels, and ends them with the ``with`` block, `close`, or the program."""

    def __init__(self) -> None:
        self.background = Background()
        # Why nothing can be shown any more.
        self._gone = ""
        self._channels: dict[str, Channel] = {}
        self._callbacks = Callbacks()
        self._folder = Path(tempfile.mkdtemp(prefix="televise-"))
        self._made = 0
        _all.add(self)

    @property
    def channels(self) -> list[Channel]:
        """All channels, in the order in which they were made."""
        return list(self._channels.values())

    def channel(
        self,
        name: str,
        size: tuple[int, int] | None = None,
        fps: float | None = None,
        *,
        colors: Colors = "rgb",
    ) -> Channel:
        """A new channel at ``/NAME``.

        ``size`` is width and height in pixels that every picture is to have; ``fps`` how many
        pictures a second are shown at most; ``colors`` the order of an array's channels: "rgb", or
        "bgr" as OpenCV has it. InputError, Unavailable.
        """
        self.check()
        if check_channel(name) in self._channels:
            raise InputError(f"there is a channel {name!r} already: use it, or take another name")
        size, rate = check_size(size), check_fps(fps, MAX_FPS)
        path = self._folder / str(self._made)
        self._made += 1
        channel = Channel(name, self, path, size=size, fps=rate, colors=check_colors(colors))
        self._channels[name] = channel
        try:
            self._publish(name, f"frames:{path}")
        except BaseException:
            self._forget(name)
            raise
        return channel

    def remove(self, name: str) -> None:
        """End a channel; its viewers are sent away. It has ended where nothing can be shown any
        more. UnknownChannel."""
        if self._gone:
            return
        self._known(name)
        self._forget(name)
        self._unpublish(name)

    def stream_of(self, name: str) -> str:
        """The address of a channel's pictures, for a page that shows them."""
        return f"{self.url_of(name)}.mjpg"

    def _known(self, name: str) -> None:
        if name not in self._channels:
            raise UnknownChannel(f"no channel {name!r}; there is: {', '.join(self._channels)}")

    def close(self) -> None:
        """End all channels, and all that belongs to them; it may be called again."""
        if self._gone == _CLOSED or self not in _all:
            return
        self._gone = _CLOSED
        _all.discard(self)
        self._end()
        for name in list(self._channels):
            self._forget(name)
        self._callbacks.stop()
        self.background.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def check(self) -> None:
        """Unavailable where nothing can be shown any more."""
        if self._gone:
            raise Unavailable(self._gone)

    @property
    def closed(self) -> bool:
        """Whether nothing can be shown any more."""
        return bool(self._gone)

    def call(self, function: Callable[[Any], object], event: Click | Key) -> None:
        """Call a function of the program, in its turn."""
        self._callbacks.put(function, event)

    @abstractmethod
    def url_of(self, name: str) -> str:
        """The page of a channel."""

    @abstractmethod
    def viewers_of(self, name: str) -> int:
        """How many watch a channel. Unavailable where only somebody else knows."""

    @abstractmethod
    def listen(self, name: str) -> None:
        """What viewers of a channel do is wanted. Unavailable where it does not come here."""

    @abstractmethod
    def _publish(self, name: str, source: str) -> None:
        """Make the hub open a source. InputError, Unavailable."""

    @abstractmethod
    def _unpublish(self, name: str) -> None:
        """Make the hub end it."""

    @abstractmethod
    def _end(self) -> None:
        """End every process."""

    @abstractmethod
    def _abandon(self) -> None:
        """In a forked child: let go of the parent's processes."""

    def _lose(self, reason: str) -> None:
        """Nothing can be shown any more."""
        self._gone = self._gone or reason

    def _forget(self, name: str) -> None:
        self.background.soon(self._channels.pop(name).outlet.close)

    def _forked(self) -> None:
        """This is the copy of a server in a forked child, in which its thread does not run."""
        self._gone = f"this server belongs to process {os.getppid()}: make one after the fork"
        self._abandon()
        for channel in self._channels.values():
            channel.outlet.abandon()


_all: "weakref.WeakSet[Publisher]" = weakref.WeakSet()


def _end_all() -> None:
    for publisher in list(_all):
        publisher.close()


def _forget_all() -> None:
    for publisher in list(_all):
        publisher._forked()
    _all.clear()


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
