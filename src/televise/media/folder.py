"""Folder: the files of one directory, and which of them have come or been written just now."""

import contextlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO, Self

from televise.errors import SourceError
from televise.media.inotify import Inotify

# Files that may be written at any moment are looked at so often.
CLOSELY_SECONDS = 0.02
# The kernel does not tell of everything (what another machine writes on a network's disk, who
# writes without ever closing the file): all files are looked at too, which may cost so much.
_REST_FACTOR = 200
_LEAST_REST_SECONDS = 1.0
_MOST_WAIT_SECONDS = 0.5
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as it was seen; ``written`` in Unix nanoseconds."""

    name: str
    inode: int
    size: int
    written: int


def number_order(name: str) -> list[tuple[int, str]]:
    """Sorts 9.jpg before 10.jpg."""
    parts = _DIGITS.split(name)
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]


class Folder:
    """The files at ``path`` with these ``suffixes``: regular files, directly in it, not hidden.

    ``deletes`` says whether those that are finished with are deleted; ``tell`` hears one line about
    each that is of no use.

    SourceError, never final, where the directory cannot be read (any more).
    """

    def __init__(
        self, path: str, suffixes: Set[str], *, deletes: bool, tell: Callable[[str], None]
    ) -> None:
        self.path = path
        self.suffixes = suffixes
        self.deletes = deletes
        self._tell = tell
        self._known: dict[str, Entry] = {}
        self._closely: set[str] = set()
        self._closed: set[str] = set()
        self._next_scan = 0.0
        self._inotify: Inotify | None = None
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise self._explain(error) from error
        # Where there is none to be had (another system, too many of them), looking must do.
        with contextlib.suppress(OSError):
            self._inotify = Inotify(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
        if self._inotify is not None:
            self._inotify.close()

    def look(self, seconds: float = 0.0) -> list[Entry]:
        """Files that have come or been written since the last look; all of them at first.

        It waits for one at most ``seconds``, and may be back sooner without any.
        """
        told = self._wait(seconds)
        began = time.monotonic()
        if began < self._next_scan:
            return self._news({*filter(self._is_wanted, told), *self._closely})
        found = self._news(self._scan())
        now = time.monotonic()
        least = CLOSELY_SECONDS if self._inotify is None else _LEAST_REST_SECONDS
        self._next_scan = now + max(least, _REST_FACTOR * (now - began))
        return found

    def look_at(self, name: str) -> list[Entry]:
        """The same of this file alone, at once."""
        return self._news([name])

    def is_closed(self, name: str) -> bool:
        """Whether it is known that nobody writes the file any more."""
        return name in self._closed

    def watch_closely(self, names: Iterable[str]) -> None:
        """Notice at once when one of these, and none of those before, is written."""
        self._closely = set(names)

    def has(self, name: str) -> bool:
        """Whether the file was there when last looked at."""
        return name in self._known

    def open(self, name: str) -> BinaryIO | None:
        """A file for reading; None where it has gone, or is no regular file."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a FIFO is not waited for
        try:
            descriptor = os.open(name, flags, dir_fd=self._descriptor)
        except OSError:
            return None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return None
        return os.fdopen(descriptor, "rb")

    def read(self, name: str, most: int) -> bytes | None:
        """The first ``most`` bytes of a file; None where it has gone, or was written meanwhile."""
        file = self.open(name)
        if file is None:
            return None
        # A disk that fails, and one on the network that has gone, is as good as no file.
        with file, contextlib.suppress(OSError):
            before = _entry(name, os.fstat(file.fileno()))
            data = file.read(most)
            if before == _entry(name, os.fstat(file.fileno())):
                # It may have been written since it was looked at: that is no news any more.
                self._known[name] = before
                return data
        return None

    def finish(self, name: str) -> None:
        """The file has been shown: delete it, if that is wanted and nobody has written it since."""
        shown = self._known.get(name)
        if not self.deletes or shown is None or shown != self._stat(name):
            return
        try:
            os.unlink(name, dir_fd=self._descriptor)
            self._known.pop(name, None)
        except FileNotFoundError:
            pass
        except OSError as error:
            self.deletes = False
            self.complain(name, f"it cannot be deleted ({_why(error)}): none is from now on")

    def complain(self, name: str, text: str) -> None:
        """Tell why a file is of no use."""
        self._tell(f"{self.path}/{name if name.isprintable() else repr(name)}: {text}")

    def _wait(self, seconds: float) -> list[str]:
        """The names of files of which the kernel tells."""
        most = CLOSELY_SECONDS if self._closely or self._inotify is None else _MOST_WAIT_SECONDS
        seconds = min(seconds, most, max(0.0, self._next_scan - time.monotonic()))
        if self._inotify is None:
            time.sleep(seconds)
            return []
        told = self._inotify.wait(seconds)
        for name, closed in told.items():
            (self._closed.add if closed else self._closed.discard)(name)
        if self._inotify.lost:
            self._inotify.lost, self._next_scan = False, 0.0
        return list(told)

    def _scan(self) -> list[str]:
        """The names of all files; those that have gone are forgotten."""
        self._check_is_there()
        try:
            with os.scandir(self._descriptor) as entries:
                names = [entry.name for entry in entries if self._is_wanted(entry.name)]
        except OSError as error:
            raise self._explain(error) from error
        for gone in self._known.keys() - set(names):
            del self._known[gone]
        self._closed.intersection_update(names)
        return names

    def _check_is_there(self) -> None:
        """The directory may have been deleted, and another be in its place."""
        try:
            now, ours = Path(self.path).stat(), os.fstat(self._descriptor)
        except OSError as error:
            raise self._explain(error) from error
        if (now.st_ino, now.st_dev) != (ours.st_ino, ours.st_dev):
            raise SourceError(f"{self.path}: another directory is in its place")

    def _news(self, names: Iterable[str]) -> list[Entry]:
        """Those of the files that are not as they were when last seen."""
        news = []
        for name in names:
            entry = self._stat(name)
            if entry is None:
                self._known.pop(name, None)
            elif self._known.get(name) != entry:
                self._known[name] = entry
                news.append(entry)
        return news

    def _is_wanted(self, name: str) -> bool:
        return name[:1] != "." and PurePath(name).suffix.lower() in self.suffixes

    def _stat(self, name: str) -> Entry | None:
        """None where it is no regular file."""
        try:
            found = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return _entry(name, found)

    def _explain(self, error: OSError) -> SourceError:
        return SourceError(f"{self.path}: {_why(error)}")


def _entry(name: str, status: os.stat_result) -> Entry:
    return Entry(name, status.st_ino, status.st_size, status.st_mtime_ns)


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such directory"
    if isinstance(error, NotADirectoryError):
        return "it is not a directory"
    text = error.strerror or type(error).__name__
    return f"{text[:1].lower()}{text[1:]}"
