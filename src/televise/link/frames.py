"""What a program and the worker of its channel say to each other beside the `mailbox`.

Over a stream socket of the same machine: the program listens, the worker connects. The program
says messages: a type (uint8), and for sound a head and samples. The worker says single bytes.
Pictures themselves go through shared memory, of which the descriptor comes with a message.
"""

import struct
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from televise.errors import LinkError

# From the program: look into the mailbox; here is a new mailbox.
WAKE, MEMORY = b"\0", b"\1"
_SOUND = 2
# From the worker: whether somebody watches.
UNWATCHED, WATCHED = b"\0", b"\1"

MAX_SOUND = 1 << 20
SAMPLE_BYTES = {"s16": 2, "flt": 4}
_SAMPLE_FORMATS = tuple(SAMPLE_BYTES)
# type, length of the samples in bytes, captured, rate, channels, format; native order: one machine
_HEAD = struct.Struct("=BIQIBB")


@dataclass(frozen=True, slots=True)
class Samples:
    """Interleaved sound: ``format`` is FFmpeg's name (s16, flt), ``rate`` samples per second.

    ``captured`` is Unix nanoseconds of the first sample.
    """

    captured: int
    rate: int
    channels: int
    format: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Memory:
    """A new mailbox; whoever takes it must close its ``descriptor``."""

    descriptor: int


@dataclass(frozen=True, slots=True)
class Wake:
    """There is something new in the mailbox."""


def encode_samples(samples: Samples) -> bytes:
    """A message with sound."""
    kind = _SAMPLE_FORMATS.index(samples.format)
    numbers = len(samples.data), samples.captured, samples.rate, samples.channels, kind
    return _HEAD.pack(_SOUND, *numbers) + samples.data


class Receiver:
    """Turns what the program sends into messages; LinkError for what is none."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._descriptors: deque[int] = deque()

    def feed(
        self, data: bytes, descriptors: Iterable[int] = ()
    ) -> Iterator[Wake | Memory | Samples]:
        """Every message that is complete with ``data`` and the ``descriptors`` sent with it."""
        self._buffer += data
        self._descriptors.extend(descriptors)
        while self._buffer:
            if self._buffer[0] == _SOUND:
                if (samples := self._samples()) is None:
                    return
                yield samples
            else:
                yield self._short(bytes(self._buffer[:1]))

    def _short(self, kind: bytes) -> Wake | Memory:
        del self._buffer[:1]
        if kind == WAKE:
            return Wake()
        if kind != MEMORY or not self._descriptors:
            raise LinkError("a message of a program that is unknown here")
        return Memory(self._descriptors.popleft())

    def _samples(self) -> Samples | None:
        if len(self._buffer) < _HEAD.size:
            return None
        _, length, captured, rate, channels, kind = _HEAD.unpack_from(self._buffer)
        if length > MAX_SOUND or kind >= len(_SAMPLE_FORMATS) or not channels or not rate:
            raise LinkError("sound of a program that cannot be")
        end = _HEAD.size + length
        if len(self._buffer) < end:
            return None
        data = bytes(self._buffer[_HEAD.size : end])
        del self._buffer[:end]
        return Samples(captured, rate, channels, _SAMPLE_FORMATS[kind], data)
