"""Inotify: hears from the kernel which files of a directory are written (Linux, inotify(7))."""

import contextlib
import ctypes
import os
import select
import struct
import sys

_CLOSE_WRITE, _MOVED_TO, _CREATE = 0x8, 0x80, 0x100
_DELETE_SELF, _MOVE_SELF, _ONLYDIR = 0x400, 0x800, 0x0100_0000
_Q_OVERFLOW, _IGNORED = 0x4000, 0x8000
# struct inotify_event: watch descriptor, mask, cookie, length of the name that follows.
_EVENT = struct.Struct("iIII")
_READ_BYTES = 65536


class Inotify:
    """Watches the directory at ``path``, not what is below it. OSError where that cannot be."""

    def __init__(self, path: str) -> None:
        if sys.platform != "linux":
            raise OSError(f"there is no inotify on {sys.platform}")
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = _checked(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        events = _CLOSE_WRITE | _MOVED_TO | _CREATE | _DELETE_SELF | _MOVE_SELF | _ONLYDIR
        try:
            _checked(libc.inotify_add_watch(self._descriptor, os.fsencode(path), events))
        except OSError:
            self.close()
            raise
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)
        # Whether events may be missing: too many came at once, or the directory has gone.
        self.lost = False

    def wait(self, seconds: float) -> dict[str, bool]:
        """The files that have come or were written, waiting for the first at most so long.

        The value is true where nobody writes it any more.
        """
        found: dict[str, bool] = {}
        if not self._poll.poll(seconds * 1000):
            return found
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._descriptor, _READ_BYTES)
            while data:
                _, mask, _, length = _EVENT.unpack_from(data)
                end = _EVENT.size + length
                self._note(mask, data[_EVENT.size : end].rstrip(b"\0"), found)
                data = data[end:]
        return found

    def _note(self, mask: int, name: bytes, found: dict[str, bool]) -> None:
        if mask & (_Q_OVERFLOW | _IGNORED | _DELETE_SELF | _MOVE_SELF):
            self.lost = True
        elif name:
            found[os.fsdecode(name)] = bool(mask & (_CLOSE_WRITE | _MOVED_TO))

    def close(self) -> None:
        """Watch no more."""
        os.close(self._descriptor)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
