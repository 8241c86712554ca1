"""Picture: a file of an image format, its size, and whether all of it is there.

The format is told by what the file begins with: JPEG (ISO/IEC 10918-1), PNG (ISO/IEC 15948), GIF
(GIF89a specification) or WebP (RFC 9649).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from televise.errors import FormatError
from televise.formats import gif, jpeg

# ISO/IEC 10918-1 B.1.1.5: within a scan FF 00 is data, and FF D0 to FF D7 separate intervals.
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
PNG = b"\x89PNG\r\n\x1a\n"
KNOWN = "a JPEG, PNG, GIF or WebP picture"


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole picture of ``width`` x ``height`` pixels; ``kind`` is jpeg, png, gif or webp.

    ``data`` is the file without what stands behind the picture.
    """

    kind: str
    width: int
    height: int
    data: bytes


def parse_picture(data: bytes) -> Picture | None:
    """The picture in ``data``; None where it is only the beginning of one.

    FormatError where no bytes behind it can make it a picture.
    """
    for magic, parse in _FORMATS.items():
        if data[: len(magic)] == magic:
            try:
                return parse(data)
            except _CutError:
                return None
    if any(magic.startswith(data) for magic in _FORMATS):
        return None
    raise FormatError(f"it is not {KNOWN}")


class _CutError(Exception):
    """The data ends before the picture does."""


class _Reader:
    """Bytes from a position on; _CutError past the last one."""

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self.position = position

    def take(self, count: int) -> bytes:
        begin, self.position = self.position, self.position + count
        if self.position > len(self.data):
            raise _CutError
        return self.data[begin : self.position]

    def number(self, count: int, order: Literal["little", "big"]) -> int:
        return int.from_bytes(self.take(count), order)

    def picture(self, kind: str, width: int, height: int) -> Picture:
        """What has been read so far is a picture of this size."""
        if not width or not height:
            raise FormatError(f"a {kind.upper()} must have a width and a height")
        return Picture(kind, width, height, self.data[: self.position])


def _parse_jpeg(data: bytes) -> Picture:
    """Annex B: segments and scans up to EOI. A thumbnail is in a segment, and passed over."""
    reader = _Reader(data, len(jpeg.SOI))
    while (marker := _jpeg_marker(reader)) != jpeg.END_OF_IMAGE:
        if marker not in jpeg.STANDALONE:
            reader.take(max(0, reader.number(2, "big") - 2))
        if marker == jpeg.START_OF_SCAN:
            found = _MARKER_IN_SCAN.search(data, reader.position)
            reader.position = len(data) if found is None else found.start()
    return reader.picture("jpeg", *jpeg.size(data))


def _jpeg_marker(reader: _Reader) -> int:
    """Any number of FF may stand before it (B.1.1.2)."""
    if reader.take(1) != b"\xff":
        raise FormatError("the JPEG is broken: there is no marker where one must be")
    while (marker := reader.take(1)[0]) == 0xFF:
        pass
    return marker


def _parse_png(data: bytes) -> Picture:
    """Sections 5.3 and 11.2: chunks of length, type, data and CRC, from IHDR to IEND."""
    reader = _Reader(data, len(PNG))
    if reader.take(8) != b"\0\0\0\x0dIHDR":
        raise FormatError("a PNG must begin with the chunk IHDR")
    width, height = reader.number(4, "big"), reader.number(4, "big")
    reader.take(5 + 4)  # how it is coded, CRC
    kind = b""
    while kind != b"IEND":
        length, kind = reader.number(4, "big"), reader.take(4)
        if not kind.isalpha():
            raise FormatError("the PNG is broken: there is no chunk where one must be")
        reader.take(length + 4)
    return reader.picture("png", width, height)


def _parse_gif(data: bytes) -> Picture:
    """Section numbers are those of the specification; it ends with its trailer (section 27). Who
    unpacks it makes room for frames that are larger than its screen: that is its size."""
    reader = _Reader(data, 6)
    width, height = reader.number(2, "little"), reader.number(2, "little")  # 18
    packed = reader.take(3)[0]
    _skip_colours(reader, packed)
    while (block := reader.take(1)[0]) != gif.TRAILER:
        if block == gif.IMAGE:  # 20
            left, top, wide, high = (reader.number(2, "little") for _ in range(4))
            width, height = max(width, left + wide), max(height, top + high)
            _skip_colours(reader, reader.take(1)[0])
            reader.take(1)
        elif block == gif.EXTENSION:  # 23 to 26
            reader.take(1)
        else:
            raise FormatError("the GIF is broken: there is no block where one must be")
        while size := reader.take(1)[0]:  # 15
            reader.take(size)
    return reader.picture("gif", width, height)


def _skip_colours(reader: _Reader, packed: int) -> None:
    if packed & gif.TABLE:
        reader.take(6 << (packed & gif.TABLE_SIZE))


def _parse_webp(data: bytes) -> Picture:
    """RFC 9649 section 2.4: the RIFF header says how long it is."""
    reader = _Reader(data, 4)
    length = reader.number(4, "little")
    if reader.take(4) != b"WEBP":
        raise FormatError(f"it is not {KNOWN}")
    width, height = _webp_size(_Reader(data, 12))
    reader.take(length + length % 2 - 4)
    return reader.picture("webp", width, height)


def _webp_size(reader: _Reader) -> tuple[int, int]:
    """From the header of its first chunk (RFC 9649 sections 2.5 to 2.7 and 3.4, RFC 6386 9.1)."""
    chunk = reader.take(8)[:4]
    if chunk == b"VP8X":
        reader.take(4)
        return reader.number(3, "little") + 1, reader.number(3, "little") + 1
    if chunk == b"VP8 ":
        if reader.take(6)[3:] != b"\x9d\x01\x2a":
            raise FormatError("the WebP is broken: its VP8 frame has no start code")
        return reader.number(2, "little") & 0x3FFF, reader.number(2, "little") & 0x3FFF
    if chunk == b"VP8L":
        if reader.take(1) != b"\x2f":
            raise FormatError("the WebP is broken: its VP8L data has no signature")
        sizes = reader.number(4, "little")
        return (sizes & 0x3FFF) + 1, (sizes >> 14 & 0x3FFF) + 1
    raise FormatError("the WebP is broken: its first chunk must be VP8, VP8L or VP8X")


_FORMATS: dict[bytes, Callable[[bytes], Picture]] = {
    jpeg.SOI + b"\xff": _parse_jpeg,
    PNG: _parse_png,
    **dict.fromkeys(gif.VERSIONS, _parse_gif),
    b"RIFF": _parse_webp,
}
