"""Mailbox: the newest picture of a program, in memory that one writer and one reader share.

There are three slots: one holds the newest picture, one may be in the reader's hands, and one is
free for the writer, so that neither ever waits for the other. The reader marks the slot that it
reads; as it may be too late for that by a hair, each slot also has a sequence number, which is
zero while it is written, and is looked at before and after reading.

The memory has no name: whoever has its file descriptor has it, and it is gone with the last one.
"""

import mmap
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from televise.errors import LinkError

# FFmpeg's names of pixels in rows without gaps, 8 bits each; then files of one picture; then what
# stands in place of a picture: why there is none, as text.
PIXEL_BYTES = {"rgb24": 3, "bgr24": 3, "gray": 1, "rgba": 4, "bgra": 4}
FORMATS = (*PIXEL_BYTES, "jpeg", "png", "webp", "fault")

_SLOTS = 3
_NONE = _SLOTS
_MAGIC = int.from_bytes(b"televis1", "little")
_PAGE = 4096
_SLOT_HEADER = 64
# 64-bit words at the begin of the memory.
_WORD_MAGIC, _WORD_CAPACITY, _WORD_NEWEST, _WORD_READING, _WORD_MILLIFPS = range(5)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above a picture: pixels, one of `FORMATS`, and Unix nanoseconds."""

    width: int
    height: int
    format: str
    captured: int


Fill = Callable[[memoryview], None]
Take = Callable[[Head, memoryview, bytes], T]


class _Memory:
    """The parts of the memory as views."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._map = mmap.mmap(descriptor, size)
        self._all = memoryview(self._map)
        self.words = self._all[:_PAGE].cast("Q")

    def divide(self, capacity: int) -> None:
        """Know where the slots are."""
        starts = [_PAGE + slot * (_SLOT_HEADER + capacity) for slot in range(_SLOTS)]
        self.heads = [self._all[start : start + _SLOT_HEADER].cast("Q") for start in starts]
        self.bodies = [
            self._all[start + _SLOT_HEADER : start + _SLOT_HEADER + capacity] for start in starts
        ]


class Writer:
    """The end of the program. Not for several threads at once.

    ``descriptor`` is of memory for pictures of ``capacity`` bytes with what belongs to them.
    """

    def __init__(self, least: int, fps: float = 0.0) -> None:
        """For pictures of at least ``least`` bytes, meta data included. OSError.

        ``fps`` is how many a second there will be, 0 where that is not known.
        """
        self.capacity = 1 << max(16, (least - 1).bit_length())
        size = _PAGE + _SLOTS * (_SLOT_HEADER + self.capacity)
        self.descriptor = _shared_memory(size)
        self._memory = _Memory(self.descriptor, size)
        self._memory.divide(self.capacity)
        words = self._memory.words
        words[_WORD_CAPACITY], words[_WORD_MILLIFPS] = self.capacity, round(fps * 1000)
        words[_WORD_NEWEST] = words[_WORD_READING] = _NONE
        words[_WORD_MAGIC] = _MAGIC
        self._sequence = 0
        self._written = _NONE

    def write(self, head: Head, length: int, fill: Fill, meta: bytes = b"") -> None:
        """Let ``fill`` write a picture of ``length`` bytes, in place of one that was written and
        not published."""
        words = self._memory.words
        taken = words[_WORD_NEWEST], words[_WORD_READING]
        self._written = _NONE
        slot = next(slot for slot in range(_SLOTS) if slot not in taken)
        numbers, body = self._memory.heads[slot], self._memory.bodies[slot]
        numbers[0] = 0
        fill(body[:length])
        body[length : length + len(meta)] = meta
        rest = head.captured, head.width, head.height, FORMATS.index(head.format)
        for index, number in enumerate((*rest, length, len(meta)), start=1):
            numbers[index] = number
        self._written = slot

    def publish(self) -> None:
        """Make what was written the newest; else the newest is to be shown once more."""
        slot, self._written = self._written, _NONE
        if slot == _NONE:
            slot = self._memory.words[_WORD_NEWEST]
        if slot == _NONE:
            return
        self._sequence += 1
        self._memory.heads[slot][0] = self._sequence
        self._memory.words[_WORD_NEWEST] = slot

    def close(self) -> None:
        """Close the descriptor; the memory goes with the last who has it."""
        os.close(self.descriptor)


class Reader:
    """The other end. LinkError where ``descriptor``, which it takes, is of something else."""

    def __init__(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb+", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size < _PAGE:
                raise LinkError("shared memory that is too small for a picture")
            self._memory = _Memory(file.fileno(), size)
        words = self._memory.words
        self._capacity = words[_WORD_CAPACITY]
        if (
            words[_WORD_MAGIC] != _MAGIC
            or size != _PAGE + _SLOTS * (_SLOT_HEADER + self._capacity)
            or self._capacity % _SLOT_HEADER
        ):
            raise LinkError("shared memory that was made by another version")
        self._memory.divide(self._capacity)
        words[_WORD_READING] = _NONE
        self.fps = words[_WORD_MILLIFPS] / 1000

    @property
    def sequence(self) -> int:
        """The number of the newest picture, from 1 on; 0 where there is none."""
        slot = self._memory.words[_WORD_NEWEST]
        return 0 if slot == _NONE else int(self._memory.heads[slot][0])

    def read(self, take: Take[T]) -> T | None:
        """What ``take`` makes of the newest picture; None where there is none.

        ``take`` must copy what it wants to keep, and is called again where the picture was
        overwritten while it looked.
        """
        words = self._memory.words
        try:
            while (slot := words[_WORD_NEWEST]) != _NONE:
                words[_WORD_READING] = slot
                sequence = self._memory.heads[slot][0]
                if words[_WORD_NEWEST] != slot or not sequence:
                    continue
                result = self._take(slot, take)
                if self._memory.heads[slot][0] == sequence:
                    return result
            return None
        finally:
            words[_WORD_READING] = _NONE

    def _take(self, slot: int, take: Take[T]) -> T:
        captured, width, height, kind, length, meta = self._memory.heads[slot][1:7]
        if length + meta > self._capacity or kind >= len(FORMATS):
            raise LinkError("shared memory in which no picture is")
        body = self._memory.bodies[slot]
        head = Head(width, height, FORMATS[kind], captured)
        return take(head, body[:length], bytes(body[length : length + meta]))


def _shared_memory(size: int) -> int:
    """A file descriptor of memory without a name."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("televise")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor
