"""RTMP's chunk streams: messages cut into chunks, those of several messages side by side.

Source: Adobe, "Real-Time Messaging Protocol (RTMP) specification" 1.0 (2012), section 5.3. Time
stamps are milliseconds modulo 2**32.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from televise.errors import FormatError, OverSize

T = TypeVar("T")

# Message types, sections 5.4 and 7.1.
SET_CHUNK_SIZE, ABORT, ACKNOWLEDGEMENT, USER_CONTROL = 1, 2, 3, 4
WINDOW_ACKNOWLEDGEMENT_SIZE, SET_PEER_BANDWIDTH = 5, 6
AUDIO, VIDEO = 8, 9
DATA_AMF3, COMMAND_AMF3, DATA, COMMAND = 15, 17, 18, 20

# Peers begin with it, and need none smaller: chunks of a byte cost us far more than their sender.
DEFAULT_CHUNK_SIZE = 128
MAX_CHUNK_SIZE = 64 << 10
MAX_MEDIA_MESSAGE = 8 << 20
MAX_DATA_MESSAGE = 64 << 10
# librtmp, which OBS and many others use, cannot write a longer one.
MAX_MESSAGE = 4 << 10
# Publishers use about five.
MAX_CHUNK_STREAMS = 32

_EXTENDED = 0xFFFFFF  # in place of a time that 24 bits cannot hold
# How long the message header is, by the chunk's type (5.3.1.2).
_HEADER_SIZES = (11, 7, 3, 0)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its type, message stream, time stamp and body."""

    type: int
    stream: int
    timestamp: int
    data: bytes


@dataclass(slots=True)
class _ChunkStream:
    """What the next header on this chunk stream may leave out, and the message so far."""

    type: int = 0
    stream: int = 0
    length: int = 0
    timestamp: int = 0
    delta: int = 0
    extended: bool = False
    partial: bytearray = field(default_factory=bytearray)


Waiting = Generator[None, None, T]


class ChunkReader:
    """Turns the bytes that a peer sends after the handshake into messages.

    It obeys "set chunk size" and "abort" itself. Sound or picture has at most ``max_media`` bytes.
    It holds one chunk, what it was just fed, and unfinished messages that will have twice as much
    together.
    """

    def __init__(self, max_media: int = MAX_MEDIA_MESSAGE) -> None:
        self._max_partial = 2 * max_media
        self._limits = {
            **dict.fromkeys((AUDIO, VIDEO), max_media),
            **dict.fromkeys((DATA, DATA_AMF3), MAX_DATA_MESSAGE),
        }
        self._chunk_size = DEFAULT_CHUNK_SIZE
        self._streams: dict[int, _ChunkStream] = {}
        self._promised = 0
        self._buffer = bytearray()
        self._position = 0
        self._parser = self._parse()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take more bytes; yield every message that is complete. After FormatError feed no more."""
        self._buffer += data
        while (message := next(self._parser)) is not None:
            yield message

    def _parse(self) -> Iterator[Message | None]:
        """Yields None where it waits for more bytes."""
        while True:
            stream = yield from self._header()
            size = min(self._chunk_size, stream.length - len(stream.partial))
            payload = yield from self._read(size)
            if message := self._add(stream, payload):
                self._obey(message)
                yield message

    def _read(self, count: int) -> Waiting[bytes]:
        while len(self._buffer) - self._position < count:
            del self._buffer[: self._position]
            self._position = 0
            yield None
        start, self._position = self._position, self._position + count
        return bytes(memoryview(self._buffer)[start : self._position])

    def _header(self) -> Waiting[_ChunkStream]:
        """The chunk stream whose payload comes next (5.3.1)."""
        first = (yield from self._read(1))[0]
        kind, number = first >> 6, first & 0x3F
        if number < 2:  # 5.3.1.1: so many bytes more
            number = 64 + int.from_bytes((yield from self._read(number + 1)), "little")
        stream = self._find(kind, number)
        fields = yield from self._read(_HEADER_SIZES[kind])
        time = yield from self._time(stream, fields)
        if not stream.partial:
            self._begin(stream, fields, time)
        elif fields:
            raise FormatError(f"a message in the middle of another, on RTMP chunk stream {number}")
        return stream

    def _find(self, kind: int, number: int) -> _ChunkStream:
        if number not in self._streams:
            # librtmp begins with type 1; its message stream is then the connection itself, 0.
            if kind > 1:
                raise FormatError(f"RTMP chunk stream {number} begins without a message header")
            if len(self._streams) >= MAX_CHUNK_STREAMS:
                raise FormatError(f"more than {MAX_CHUNK_STREAMS} RTMP chunk streams")
            self._streams[number] = _ChunkStream()
        return self._streams[number]

    def _time(self, stream: _ChunkStream, fields: bytes) -> Waiting[int]:
        """The time of this header; of one without fields, that of the header before (5.3.1.2.4)."""
        time = int.from_bytes(fields[:3], "big") if fields else stream.delta
        if fields:
            stream.extended = time == _EXTENDED
        if stream.extended:  # 5.3.1.3; it stands in headers without fields too
            time = int.from_bytes((yield from self._read(4)), "big")
        return time

    def _begin(self, stream: _ChunkStream, fields: bytes, time: int) -> None:
        if len(fields) >= 7:
            stream.length, stream.type = int.from_bytes(fields[3:6], "big"), fields[6]
        if len(fields) == 11:
            stream.stream, stream.timestamp = int.from_bytes(fields[7:], "little"), 0
        stream.delta, stream.timestamp = time, (stream.timestamp + time) % (1 << 32)
        limit = self._limits.get(stream.type, MAX_MESSAGE)
        if stream.length > limit:
            raise OverSize(
                f"an RTMP message of type {stream.type} with {stream.length} bytes; "
                f"the limit is {limit}"
            )
        self._promised += stream.length
        if self._promised > self._max_partial:
            raise OverSize(f"unfinished RTMP messages of more than {self._max_partial} bytes")

    def _add(self, stream: _ChunkStream, payload: bytes) -> Message | None:
        if stream.partial or len(payload) < stream.length:
            stream.partial += payload
            if len(stream.partial) < stream.length:
                return None
            payload = self._take(stream)
        self._promised -= stream.length
        return Message(stream.type, stream.stream, stream.timestamp, payload)

    def _take(self, stream: _ChunkStream) -> bytes:
        partial, stream.partial = stream.partial, bytearray()
        return bytes(partial)

    def _obey(self, message: Message) -> None:
        if message.type == SET_CHUNK_SIZE:
            self._chunk_size = control_number(message)
            if not DEFAULT_CHUNK_SIZE <= self._chunk_size <= MAX_CHUNK_SIZE:
                raise FormatError(
                    f"RTMP chunks of {self._chunk_size} bytes; "
                    f"from {DEFAULT_CHUNK_SIZE} to {MAX_CHUNK_SIZE} are taken"
                )
        elif message.type == ABORT:
            stream = self._streams.get(control_number(message))
            if stream and self._take(stream):
                self._promised -= stream.length


def control_number(message: Message) -> int:
    """The first four bytes of a protocol control message (5.4); FormatError without them."""
    if len(message.data) < 4:
        raise FormatError(f"an RTMP message of type {message.type} without its four bytes")
    return int.from_bytes(message.data[:4], "big")


def write(message: Message, chunk_stream: int) -> bytes:
    """``message`` in chunks of `DEFAULT_CHUNK_SIZE`, the first with a whole header (type 0).

    ``chunk_stream`` is from 2 to 63.
    """
    extended = message.timestamp >= _EXTENDED
    time = message.timestamp.to_bytes(4, "big") if extended else b""
    fields = (
        min(message.timestamp, _EXTENDED).to_bytes(3, "big")
        + len(message.data).to_bytes(3, "big")
        + bytes((message.type,))
        + message.stream.to_bytes(4, "little")
    )
    size, data = DEFAULT_CHUNK_SIZE, message.data
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    between = bytes((3 << 6 | chunk_stream,)) + time
    return bytes((chunk_stream,)) + fields + time + between.join(chunks)
