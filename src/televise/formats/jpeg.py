"""JPEG: the size of a picture, read from its frame header (ISO/IEC 10918-1 annex B)."""

from televise.errors import FormatError

SOI = b"\xff\xd8"
EOI = b"\xff\xd9"
_SOS = b"\xff\xda"
START_OF_SCAN = 0xDA
END_OF_IMAGE = 0xD9
# Table B.1: SOF0 to SOF15, without DHT (C4), JPG (C8) and DAC (CC) among them.
FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Table B.1: TEM and RST0 to RST7 have no length field.
STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})


def size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels.

    FormatError where this is not a JPEG, or its height comes after the picture (DNL marker).
    """
    if data[:2] != SOI:
        raise FormatError("not a JPEG: it must begin with FF D8")
    marker, position = _marker(data, 2)
    while marker not in FRAME_HEADERS:
        if marker in (START_OF_SCAN, END_OF_IMAGE):
            raise FormatError("the JPEG has no frame header before its picture data")
        if marker not in STANDALONE:
            position += _length(data, position)
        marker, position = _marker(data, position)
    return _frame_size(data[position : position + 7])


def check_end(data: bytes) -> None:
    """FormatError where the end of the picture is missing. A thumbnail before it has its own."""
    if not data.endswith(EOI) and data.rfind(EOI) <= data.rfind(_SOS):
        raise FormatError("the JPEG breaks off")


def _marker(data: bytes, position: int) -> tuple[int, int]:
    """The marker at ``position``, and where it ends; any number of FF may stand before it."""
    if data[position : position + 1] != b"\xff":
        raise FormatError("the JPEG has no marker where one must be")
    while data[position : position + 1] == b"\xff":
        position += 1
    if position >= len(data):
        raise FormatError("the JPEG ends before its frame header")
    return data[position], position + 1


def _length(data: bytes, position: int) -> int:
    """The length in bytes of the segment at ``position``; it counts its own two bytes."""
    length = int.from_bytes(data[position : position + 2], "big")
    if length < 2:
        raise FormatError(f"a JPEG segment says {length} bytes; it must be at least 2")
    return length


def _frame_size(header: bytes) -> tuple[int, int]:
    """B.2.2: length (2 bytes), precision (1), lines (2), samples per line (2)."""
    height, width = int.from_bytes(header[3:5], "big"), int.from_bytes(header[5:7], "big")
    if len(header) < 7 or not width or not height:
        raise FormatError("the JPEG frame header must have a width and a height")
    return width, height
