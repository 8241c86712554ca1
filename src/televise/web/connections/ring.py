"""Ring: the same bytes to many sockets by one system call, where Linux has io_uring.

Sources: ``io_uring_setup(2)``, ``io_uring_enter(2)``, and ``linux/io_uring.h`` for the layouts.
The kernel looks into a ring only while the thread that made it calls, so plain loads and stores are
enough. Nothing is compiled for this, and there is nothing to install.
"""

import contextlib
import ctypes
import mmap
import os
import struct
import sys
import threading
import weakref
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from televise import events

ENTRIES = 1024

# System calls have had one number on all processors since Linux 5.1.
_SETUP, _ENTER = 425, 426
_SINGLE_ISSUER, _DEFER_TASKRUN = 1 << 12, 1 << 13  # Linux 6.1 has both
_CQE_SKIP = 1 << 11  # among the features
_OFFSET_OF_ENTRIES = 0x10000000
# struct io_uring_params: counts, flags, features and others; where things are in the submission
# ring; where in the completion ring.
_PARAMETERS = struct.Struct("=10I 10I 10I")
_TAIL, _ORDER, _COMPLETIONS = 1, 6, 5
# struct io_uring_sqe begins with opcode, flags, ioprio, fd, off, addr, len, msg_flags, user_data.
_WORD = 0xFFFFFFFF
_ENTRY, _ENTRY_BYTES = struct.Struct("=BBHi Q Q I I Q"), 64
_FILE, _ADDRESS, _SIZE = 4, 16, 24
# struct io_uring_cqe: user_data, res, flags.
_COMPLETION = struct.Struct("=QiI")
_SEND, _SKIP_SUCCESS = 26, 1 << 6
# A socket that does not take all at once does not wait: it is told of as a failure.
_ALL_NOW = 0x40 | 0x100 | 0x4000  # MSG_DONTWAIT, MSG_WAITALL, MSG_NOSIGNAL

_rings = threading.local()


def ring_of_this_thread() -> "Ring | None":
    """Made when it is needed first; None where the system has none or does not let us have it."""
    if not hasattr(_rings, "ring"):
        try:
            _rings.ring = Ring()
        except OSError as error:
            events.info("no io_uring here: a system call for each viewer", reason=str(error))
            _rings.ring = None
    ring: Ring | None = _rings.ring
    return ring


class Ring:
    """Of one event loop: only the thread that made it may use it."""

    def __init__(self) -> None:
        """OSError where the system has no such thing, or does not let us have it."""
        if sys.platform != "linux":
            raise OSError("io_uring is of Linux")
        self._system_call = _system_call()
        parameters = ctypes.create_string_buffer(_PARAMETERS.size)
        _PARAMETERS.pack_into(parameters, 0, 0, 0, _SINGLE_ISSUER | _DEFER_TASKRUN, *[0] * 27)
        self._descriptor = self._call(_SETUP, ENTRIES, ctypes.addressof(parameters))
        # Its thread may end, and then nobody is left to close it.
        self.close = weakref.finalize(self, os.close, self._descriptor)
        values = _PARAMETERS.unpack(parameters)
        if not values[5] & _CQE_SKIP:
            self.close()
            raise OSError("this io_uring tells of success")
        self._lay_out(values[1], values[10:20], values[20:])

    def _lay_out(self, most: int, submission: Sequence[int], completion: Sequence[int]) -> None:
        """Map the rings, and fill in what is the same in each entry."""
        end = completion[_COMPLETIONS] + most * _COMPLETION.size
        rings = memoryview(mmap.mmap(self._descriptor, max(end, submission[_ORDER] + 4 * ENTRIES)))
        entries = mmap.mmap(self._descriptor, ENTRIES * _ENTRY_BYTES, offset=_OFFSET_OF_ENTRIES)
        for position in range(ENTRIES):
            values = _SEND, _SKIP_SUCCESS, 0, -1, 0, 0, 0, _ALL_NOW, position
            _ENTRY.pack_into(entries, position * _ENTRY_BYTES, *values)
        words = memoryview(entries)
        self._files = words.cast("i")[_FILE // 4 :: _ENTRY_BYTES // 4]
        self._addresses = words.cast("Q")[_ADDRESS // 8 :: _ENTRY_BYTES // 8]
        self._sizes = words.cast("I")[_SIZE // 4 :: _ENTRY_BYTES // 4]
        self._tail = _words(rings, submission[_TAIL], 1)
        self._order = _words(rings, submission[_ORDER], ENTRIES)
        self._orders = array("I", [*range(ENTRIES), *range(ENTRIES)])
        self._most = most
        self._head, self._end = (_words(rings, completion[at], 1) for at in (0, _TAIL))
        self._completions = rings[completion[_COMPLETIONS] : end]

    def send(self, descriptors: "array[int]", data: bytes) -> list[tuple[int, int]]:
        """The positions of those sockets that did not take all of ``data`` at once, because of an
        error or as they are full, with how many bytes they took."""
        address = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
        short: list[tuple[int, int]] = []
        for start in range(0, len(descriptors), ENTRIES):
            some = descriptors[start : start + ENTRIES]
            done = self._submit(some, address, len(data))
            if self._head[0] != self._end[0]:
                short += [(start + position, taken) for position, taken in self._failures()]
            if done != len(some):
                short += [(start + position, 0) for position in range(done, len(some))]
        return short

    def _submit(self, descriptors: "array[int]", address: int, size: int) -> int:
        """How many were tried: all, unless the kernel has no memory."""
        count, tail = len(descriptors), self._tail[0]
        self._files[:count] = descriptors
        self._addresses[:count] = array("Q", (address,)) * count
        self._sizes[:count] = array("I", (size,)) * count
        start = ENTRIES - tail % ENTRIES
        self._order[:] = self._orders[start : start + ENTRIES]
        self._tail[0] = tail + count & _WORD
        done = 0
        with contextlib.suppress(OSError):
            while done < count:
                done += self._call(_ENTER, self._descriptor, count - done)
        self._tail[0] = tail + done & _WORD
        return done

    def _failures(self) -> Iterator[tuple[int, int]]:
        """What the kernel tells of: which entry, and what was sent of it."""
        head, tail = self._head[0], self._end[0]
        while head != tail:
            at = head % self._most * _COMPLETION.size
            position, sent, _ = _COMPLETION.unpack_from(self._completions, at)
            yield position, max(0, sent)
            head = head + 1 & _WORD
        self._head[0] = head

    def _call(self, number: int, *values: int) -> int:
        """A system call of six values at most. OSError."""
        result: int = self._system_call(number, *values, *[0] * (6 - len(values)))
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result


def _system_call() -> Any:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    call.argtypes = [ctypes.c_long] * 7
    return call


def _words(memory: memoryview, offset: int, count: int) -> memoryview:
    return memory[offset : offset + 4 * count].cast("I")
