"""GIF89a without end: a header once, then frames for as long as somebody watches.

There is no global colour table and no trailer: every frame carries its own colours and is drawn
over what is there. A frame that covers the whole picture and has no transparent colour can be
shown without the ones before it. Sections are those of the GIF89a specification.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from televise.errors import FormatError, LocalError

VERSIONS = (b"GIF87a", b"GIF89a")
EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
GRAPHIC_CONTROL, APPLICATION = 0xF9, 0xFF
LOOP = b"\x0bNETSCAPE2.0\x03\x01\x01\x00\x00"
# Hundredths of a second. Browsers take 1 for 10, and would fall behind for ever.
DELAY = 2
KEEP = 1 << 2  # the disposal method, in its place
TABLE, INTERLACED, TABLE_SIZE = 0x80, 0x40, 0x07
MAX_SIDE, MAX_COLOURS = 0xFFFF, 256
HEADER_BYTES = 32


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of the picture, in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Screen:
    """What a file begins with; ``palette`` is the global colour table, empty where it has none."""

    width: int
    height: int
    palette: bytes


@dataclass(frozen=True, slots=True)
class Control:
    """A graphic control extension (section 23), or what holds without one."""

    disposal: int = 0
    delay: int = 0
    transparent: int | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture. ``data``: minimum code size, sub-blocks of LZW, terminator (section 22).

    ``palette`` is the table that holds for it, its own or the global one. ``end`` is where its
    bytes end in the file.
    """

    place: Rectangle
    control: Control
    palette: bytes
    interlaced: bool
    data: bytes
    end: int


@dataclass(frozen=True, slots=True)
class Extension:
    """Any other extension; ``data`` is what its sub-blocks hold."""

    label: int
    data: bytes


Block = Screen | Frame | Extension


def header(width: int, height: int) -> bytes:
    """What comes before the first frame: 32 bytes, without a global colour table."""
    _check_place(Rectangle(0, 0, width, height))
    screen = _number(width) + _number(height) + b"\0\0\0"
    return b"GIF89a" + screen + bytes((EXTENSION, APPLICATION)) + LOOP


def frame(place: Rectangle, palette: bytes, data: bytes, transparent: int | None = None) -> bytes:
    """One frame that is drawn over the ones before it, and stays.

    ``palette`` is red, green, blue for each colour. ``data``: minimum code size, sub-blocks of LZW,
    terminator. Where a pixel is ``transparent``, what was there is still seen.
    """
    _check_place(place)
    bits = _table_bits(palette)
    sides = (place.x, place.y, place.width, place.height)
    return b"".join(
        (
            _control(transparent),
            bytes((IMAGE,)),
            *map(_number, sides),
            bytes((TABLE | bits - 1,)),
            palette.ljust(3 << bits, b"\0"),
            data,
        )
    )


def walk(data: bytes) -> Iterator[Block]:
    """The blocks of a GIF, a `Screen` first, up to its trailer or the end of ``data``.

    It understands every GIF, and does not look into the LZW. FormatError where a block is broken
    or cut.
    """
    reader = _Reader(data)
    screen = _screen(reader)
    yield screen
    control = Control()
    while reader.left and (kind := reader.byte()) != TRAILER:
        if kind == IMAGE:
            yield _frame(reader, screen, control)
            control = Control()
        elif kind != EXTENSION:
            raise FormatError(f"a GIF block begins with {kind:#04x}; it must be 21, 2c or 3b")
        elif (label := reader.byte()) == GRAPHIC_CONTROL:
            control = _parse_control(reader.blocks())
        else:
            yield Extension(label, reader.blocks())


def sub_blocks(data: bytes) -> bytes:
    """``data`` in sub-blocks, with their terminator (section 15)."""
    parts = (data[start : start + 255] for start in range(0, len(data), 255))
    return b"".join(bytes((len(part),)) + part for part in parts) + b"\0"


class _Reader:
    """Bytes from the start on; FormatError past the last one."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.position

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise FormatError(f"the GIF is cut: {count} bytes wanted, {self.left} are left")
        self.position += count
        return self.data[self.position - count : self.position]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self.take(2), "little")

    def blocks(self) -> bytes:
        """What the sub-blocks hold from here to their terminator."""
        parts = []
        while size := self.byte():
            parts.append(self.take(size))
        return b"".join(parts)

    def table(self, packed: int) -> bytes:
        """The colour table that ``packed`` announces, if any."""
        return self.take(6 << (packed & TABLE_SIZE)) if packed & TABLE else b""


def _screen(reader: _Reader) -> Screen:
    if reader.left < 6 or reader.take(6) not in VERSIONS:
        raise FormatError("not a GIF: it must begin with GIF87a or GIF89a")
    width, height, packed = reader.number(), reader.number(), reader.byte()
    reader.take(2)  # background colour and pixel aspect ratio, which nobody heeds
    if not width or not height:
        raise FormatError("a GIF must have a width and a height")
    return Screen(width, height, reader.table(packed))


def _frame(reader: _Reader, screen: Screen, control: Control) -> Frame:
    place = Rectangle(reader.number(), reader.number(), reader.number(), reader.number())
    right, bottom = place.x + place.width, place.y + place.height
    if not place.width or not place.height or right > screen.width or bottom > screen.height:
        raise FormatError(f"a GIF frame must lie within {screen.width}x{screen.height} pixels")
    packed = reader.byte()
    palette = reader.table(packed) or screen.palette
    begin = reader.position
    if not palette or not 1 <= reader.byte() <= 11:
        raise FormatError("a GIF frame must have a colour table, and codes of 2 to 12 bits")
    reader.blocks()
    data = reader.data[begin : reader.position]
    return Frame(place, control, palette, bool(packed & INTERLACED), data, reader.position)


def _parse_control(data: bytes) -> Control:
    if len(data) != 4:
        raise FormatError(f"a GIF graphic control has {len(data)} bytes; it must have 4")
    control = Control(data[0] >> 2 & 7, int.from_bytes(data[1:3], "little"))
    return replace(control, transparent=data[3]) if data[0] & 1 else control


def _control(transparent: int | None) -> bytes:
    packed = KEEP if transparent is None else KEEP | 1
    fields = bytes((packed,)) + _number(DELAY) + bytes((transparent or 0,))
    return bytes((EXTENSION, GRAPHIC_CONTROL)) + sub_blocks(fields)


def _table_bits(palette: bytes) -> int:
    """A colour table has a power of two of entries, at least 2."""
    colours, rest = divmod(len(palette), 3)
    if rest or not 0 < colours <= MAX_COLOURS:
        raise LocalError(f"a GIF palette has {len(palette)} bytes; 3 for each of up to 256 colours")
    return max(1, (colours - 1).bit_length())


def _check_place(place: Rectangle) -> None:
    right, bottom = place.x + place.width, place.y + place.height
    if min(place.x, place.y) < 0 or min(place.width, place.height) < 1:
        raise LocalError(f"{place} cannot be in a GIF")
    if max(right, bottom) > MAX_SIDE:
        raise LocalError(f"{place} cannot be in a GIF: its sides are of 16 bits")


def _number(value: int) -> bytes:
    return value.to_bytes(2, "little")
