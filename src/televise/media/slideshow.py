"""Slideshow: the pictures of a folder, one after another, as a source's video."""

import time
from collections.abc import Iterable, Iterator

from televise.errors import FormatError
from televise.formats.picture import Picture, parse_picture
from televise.media.folder import Entry, Folder, number_order
from televise.media.picture_feed import PictureFeed
from televise.media.source import Feed

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp"})
MAX_BYTES = 64 << 20
# A file that is not complete and has not been written for so long is told of, and still waited for.
PATIENCE_SECONDS = 5.0
_LOOK_SECONDS = 0.5
_NEVER = float("inf")


class Slideshow:
    """Shows what is in ``folder`` when it begins, then what comes; the last picture stays.

    With ``fps`` all pictures in the order of their numbers, so many a second; with 0 the newest
    that there is, and each new one as it comes.
    """

    def __init__(self, folder: Folder, fps: float) -> None:
        self._folder = folder
        self._fps = fps
        self._waiting: dict[str, Entry] = {}
        self._unfinished: dict[str, float] = {}
        self._last = ""
        self._playing: Iterator[tuple[float, bool]] = iter(())
        # When the next picture may come, and when this one must be fed again.
        self._due, self._again = 0.0, _NEVER

    def run(self, feed: Feed, there: Iterable[Entry]) -> None:
        """Show what is ``there``, then what comes, until stopped. SourceError."""
        output = PictureFeed(feed, self._fps)
        self._take(there)
        while not feed.stopping:
            now = time.monotonic()
            if self._waiting and now >= self._due:
                self._show_next(output, now)
            elif now >= self._again:
                self._go_on()
            self._take(self._folder.look(self._wait_seconds()))
            self._tell_of_unfinished()

    def _take(self, entries: Iterable[Entry]) -> None:
        """Put pictures behind those that wait."""
        numbered = sorted(entries, key=lambda entry: number_order(entry.name))
        for entry in numbered if self._fps else sorted(numbered, key=lambda entry: entry.written):
            self._waiting[entry.name] = entry

    def _wait_seconds(self) -> float:
        next_time = min(self._again, self._due if self._waiting else _NEVER)
        return min(max(0.0, next_time - time.monotonic()), _LOOK_SECONDS)

    def _show_next(self, output: PictureFeed, now: float) -> None:
        """The next that waits, or the newest, if it is complete; else the one after or before."""
        is_first, names = not self._last, list(self._waiting)
        for name in names if self._fps else reversed(names):
            del self._waiting[name]
            picture = self._load(name)
            if picture is not None and self._begin(output.play(picture), name, now):
                break
        else:
            return
        if not self._fps:
            self._pass_over(keep=is_first)
        self._watch_closely()

    def _begin(self, playing: Iterator[tuple[float, bool]], name: str, now: float) -> bool:
        self._playing, self._last, before = playing, name, self._due
        self._due, self._again = _NEVER, now
        if not self._go_on():
            self._due = before
            return False
        if self._fps and self._due < _NEVER:
            is_late = now - before > 1 / self._fps
            self._due = (now if is_late else before) + 1 / self._fps
        self._folder.finish(name)
        return True

    def _go_on(self) -> bool:
        """Feed once more; false where the picture is damaged."""
        try:
            seconds, is_over = next(self._playing)
        except FormatError as error:
            self._folder.complain(self._last, str(error))
            self._due, self._again = 0.0, _NEVER
            return False
        self._again = max(self._again + seconds, time.monotonic())
        if not self._fps:
            self._due = 0.0
        elif is_over and self._due == _NEVER:
            self._due = self._again
        return True

    def _pass_over(self, *, keep: bool) -> None:
        """Those that have come before the newest are not shown any more."""
        for name in self._waiting:
            if self._folder.deletes and not keep and self._load(name) is not None:
                self._folder.finish(name)
        self._waiting.clear()

    def _load(self, name: str) -> Picture | None:
        """The picture in a file; None where it is none, or not yet."""
        self._unfinished.pop(name, None)
        data = self._folder.read(name, MAX_BYTES + 1)
        try:
            if data is not None and len(data) > MAX_BYTES:
                raise FormatError(f"it has more than {MAX_BYTES >> 20} MB")
            picture = None if data is None else parse_picture(data)
        except FormatError as error:
            self._folder.complain(name, str(error))
            return None
        if picture is None:
            self._unfinished[name] = time.monotonic()
            self._watch_closely()
        return picture

    def _watch_closely(self) -> None:
        """Any of these may be written now."""
        self._folder.watch_closely({self._last, *self._unfinished})

    def _tell_of_unfinished(self) -> None:
        now = time.monotonic()
        for name, since in list(self._unfinished.items()):
            if now - since > PATIENCE_SECONDS:
                del self._unfinished[name]
                if self._folder.has(name):
                    self._folder.complain(name, "it is not complete: its rest is waited for")
                self._watch_closely()
