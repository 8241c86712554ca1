"""Watched: a file that somebody may write while we run."""

from pathlib import Path

Stamp = tuple[int, int, int] | None


class Watched:
    """Is asked now and then whether the file is another.

    Looking is all that is done: it costs a system call, works on every disk, and sees what editors
    do, who put another file in its place, as well as links that lead elsewhere.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._last = _stamp(path)

    def changed(self) -> bool:
        """Whether it is another since this was true last; not while it is gone, or being written:
        it must have rested since it was asked before."""
        last, self._last = self._last, _stamp(self._path)
        if self._last in (self._known, None) or self._last != last:
            return False
        self._known = self._last
        return True

    def known(self) -> None:
        """It is being read now, for another reason."""
        self._known = self._last = _stamp(self._path)


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
