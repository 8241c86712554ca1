"""Readers: the packets in what comes over a connection, and their numbers, format by format."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Protocol

from televise.crowd.account import Unit
from televise.errors import FormatError
from televise.formats.jpeg_splitter import JpegSplitter
from televise.formats.transport_packet import parse_timestamp

MAX_BYTES = 32 << 20


class Reader(Protocol):
    """Bytes of an endless answer to units. ``counts``: their numbers have no gaps of their own."""

    counts: bool

    def feed(self, data: bytes) -> Iterator[Unit]:
        """Those that are complete with ``data``. FormatError where it is not what it should be."""


class Buffered(ABC):
    """Takes whole pieces from the front of what has come."""

    counts = False

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Unit]:
        """Those that are complete."""
        self._buffer += data
        while (size := self._size()) is not None:
            if size > MAX_BYTES:
                raise FormatError(f"a piece of {size} bytes")
            if len(self._buffer) < size:
                return
            piece = bytes(self._buffer[:size])
            del self._buffer[:size]
            yield from self._units(piece)

    @abstractmethod
    def _size(self) -> int | None:
        """Of the piece at the front, None where that is not known yet."""

    @abstractmethod
    def _units(self, piece: bytes) -> Iterator[Unit]:
        """What is in it."""


class Fragments(Buffered):
    """MP4: the sequence numbers of fragments (ISO/IEC 14496-12 8.8.5) count from each ``moov``."""

    counts = True
    _epoch = 0
    _number = 0

    def _size(self) -> int | None:
        return int.from_bytes(self._buffer[:4], "big") if len(self._buffer) >= 8 else None

    def _units(self, piece: bytes) -> Iterator[Unit]:
        kind = piece[4:8]
        if kind == b"moov":
            self._epoch += 1
        elif kind == b"moof":
            self._number = int.from_bytes(piece[20:24], "big")
        elif kind == b"mdat":
            yield Unit(self._epoch, self._number)


class Parts(Buffered):
    """Multipart: each part says its length, and when it was captured."""

    def _size(self) -> int | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        fields = _fields(bytes(self._buffer[:end]))
        length = fields.get(b"content-length", b"")
        if not length.isdigit():
            raise FormatError("a part that does not say its length")
        return end + 4 + int(length) + 2

    def _units(self, piece: bytes) -> Iterator[Unit]:
        stamp = _fields(piece.partition(b"\r\n\r\n")[0]).get(b"x-timestamp", b"")
        try:
            captured = float(stamp)
        except ValueError:
            yield Unit()
        else:
            yield Unit(0, round(captured * 1e6), captured=captured)


class Tags(Buffered):
    """FLV: tags with a time (Adobe FLV 10.1, E.4.1); headers of codecs are none."""

    _begun = False

    def _size(self) -> int | None:
        if len(self._buffer) < 13:
            return None
        return 15 + int.from_bytes(self._buffer[1:4], "big") if self._begun else 13

    def _units(self, piece: bytes) -> Iterator[Unit]:
        if not self._begun:
            self._begun = True
        elif piece[0] in (8, 9) and piece[12] == 1:
            time = int.from_bytes(piece[7:8] + piece[4:7], "big")
            yield Unit(0, time, piece[0])


class TransportPackets(Buffered):
    """MPEG-TS: each unit with its time; ``breaks`` counts jumps of the continuity counters that
    are not announced (ISO/IEC 13818-1 2.4.3.3)."""

    def __init__(self) -> None:
        super().__init__()
        self.breaks = 0
        self._counters: dict[int, int] = {}

    def _size(self) -> int | None:
        return 188 if len(self._buffer) >= 188 else None

    def _units(self, piece: bytes) -> Iterator[Unit]:
        if piece[0] != 0x47:
            raise FormatError("not a transport stream")
        pid, flags = int.from_bytes(piece[1:3], "big") & 0x1FFF, piece[3]
        size = 1 + piece[4] if flags & 0x20 else 0
        self._count(pid, flags, announced=size > 1 and piece[5] & 0x80 > 0)
        start = 4 + size
        unit = piece[start : start + 14]
        if piece[1] & 0x40 and unit[:3] == b"\0\0\1" and len(unit) == 14 and unit[7] & 0x80:
            yield Unit(0, parse_timestamp(unit[9:14]), pid)

    def _count(self, pid: int, flags: int, *, announced: bool) -> None:
        """A counter grows with each payload, unless a jump is announced."""
        expected = self._counters.get(pid, flags) + (flags >> 4 & 1)
        known = pid in self._counters and not announced
        self.breaks += known and (flags ^ expected) & 15 > 0
        self._counters[pid] = flags & 15


class Images(Buffered):
    """GIF: its images, which have no numbers (GIF89a 18 to 26)."""

    _begun = False

    def _size(self) -> int | None:
        data = self._buffer
        if not self._begun:
            return _after_colors(data, 10, 13)
        if not data:
            return None
        if data[0] == 0x2C:
            tables = _after_colors(data, 9, 10)
            return None if tables is None else _after_blocks(data, tables + 1)
        return _after_blocks(data, 2) if data[0] == 0x21 else 1

    def _units(self, piece: bytes) -> Iterator[Unit]:
        if not self._begun and piece[:3] != b"GIF":
            raise FormatError("not a GIF")
        if self._begun and piece[0] not in (0x21, 0x2C):
            raise FormatError("a block that no GIF without an end has")
        if self._begun and piece[0] == 0x2C:
            yield Unit()
        self._begun = True


class Pictures:
    """MPEG-1 video without a container: pictures are counted, and have no numbers."""

    counts = False
    # A start code (ISO/IEC 11172-2 2.4.3.4), which stands nowhere else.
    _START = b"\0\0\1\0"

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Unit]:
        """Each time one begins."""
        joined = self._rest + data
        self._rest = joined[1 - len(self._START) :]
        for _ in range(joined.count(self._START)):
            yield Unit()


class Jpegs:
    """JPEG pictures one after another."""

    counts = False

    def __init__(self) -> None:
        self._splitter = JpegSplitter()

    def feed(self, data: bytes) -> Iterator[Unit]:
        """The pictures that are complete."""
        for _ in self._splitter.feed(data):
            yield Unit()


READERS: dict[str, Any] = {
    "mp4": Fragments,
    "mjpg": Parts,
    "flv": Tags,
    "ts": TransportPackets,
    "gif": Images,
    "m1v": Pictures,
}
"""What reads endless answers, by their extensions."""


def _fields(head: bytes) -> dict[bytes, bytes]:
    pairs = (line.partition(b":") for line in head.split(b"\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _after_colors(data: bytearray, flags: int, start: int) -> int | None:
    """Where what follows a colour table begins, if ``data[flags]`` says that there is one."""
    if len(data) < start:
        return None
    return start + (3 << (data[flags] & 7) + 1 if data[flags] & 0x80 else 0)


def _after_blocks(data: bytearray, position: int) -> int | None:
    """Where data blocks that begin at ``position`` end, the empty one with them."""
    while position < len(data):
        size = data[position]
        position += 1 + size
        if not size:
            return position
    return None
