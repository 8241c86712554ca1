"""Barcode: a frame number and a time that survive inside a picture.

Two rows of 32 cells, white (1) or black (0). Each row begins with a white cell and ends with a
black one, which finds the threshold and refuses flat pictures; the 30 cells between are data:

    24 bits  frame number, modulo 2^24
    27 bits  milliseconds of the UTC day
     9 bits  CRC-9 of the 51 bits before, polynomial x^9 + x^7 + x^6 + x + 1, start 1FF

Numbers are written from their most significant bit; the first 30 bits stand in the first row. At
this length the polynomial notices any three wrong cells and any burst of nine, and of all CRC-9
polynomials it misses the fewest patterns of four: 1 of 475 (found by trying every one).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from televise.errors import FormatError, LocalError

ROWS = 2
CELLS = 32
DATA_CELLS = CELLS - 2
NUMBER_BITS = 24
MILLISECOND_BITS = 27
CHECK_BITS = 9
POLYNOMIAL = 0b1011000011  # x^9 + x^7 + x^6 + x + 1
MILLISECONDS_PER_DAY = 86_400_000

Row = tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a barcode says: frame number (modulo 2^24), milliseconds of the UTC day."""

    number: int
    milliseconds: int


def encode(number: int, milliseconds: int) -> tuple[Row, Row]:
    """The two rows of cells, True for white.

    ``number`` is taken modulo 2^24; ``milliseconds`` is of the UTC day, LocalError outside it.
    """
    if not 0 <= milliseconds < MILLISECONDS_PER_DAY:
        raise LocalError(f"{milliseconds} ms is not in a day; it must be below 86400000")
    content = (number % (1 << NUMBER_BITS)) << MILLISECOND_BITS | milliseconds
    value = content << CHECK_BITS | _checksum(content)
    return _row(value >> DATA_CELLS), _row(value)


def decode(rows: Sequence[Sequence[bool]]) -> Stamp:
    """What two rows of 32 cells say; FormatError where marks, checksum or time are wrong."""
    if len(rows) != ROWS or any(len(row) != CELLS for row in rows):
        raise FormatError("not a barcode: it must have 2 rows of 32 cells")
    if not all(row[0] and not row[-1] for row in rows):
        raise FormatError("not a barcode: each row must begin white and end black")
    value = 0
    for cell in (*rows[0][1:-1], *rows[1][1:-1]):
        value = value << 1 | bool(cell)
    content, checksum = value >> CHECK_BITS, value & ((1 << CHECK_BITS) - 1)
    if checksum != _checksum(content):
        raise FormatError("the barcode's checksum is wrong")
    return _stamp(content)


def _stamp(content: int) -> Stamp:
    milliseconds = content & ((1 << MILLISECOND_BITS) - 1)
    if milliseconds >= MILLISECONDS_PER_DAY:
        raise FormatError(f"the barcode says {milliseconds} ms; a day has 86400000")
    return Stamp(content >> MILLISECOND_BITS, milliseconds)


def _row(value: int) -> Row:
    """The lowest 30 bits of ``value`` between the two marks."""
    data = (bool(value >> shift & 1) for shift in reversed(range(DATA_CELLS)))
    return (True, *data, False)


def _checksum(content: int) -> int:
    register = (1 << CHECK_BITS) - 1
    for shift in reversed(range(NUMBER_BITS + MILLISECOND_BITS)):
        register = register << 1 ^ (content >> shift & 1) << CHECK_BITS
        if register >> CHECK_BITS:
            register ^= POLYNOMIAL | 1 << CHECK_BITS
    return register
