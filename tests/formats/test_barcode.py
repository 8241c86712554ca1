from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError, LocalError
from televise.formats.barcode import Row, Stamp, decode, encode

MILLISECONDS = st.integers(0, 86_399_999)
ROWS = st.lists(st.lists(st.booleans(), min_size=32, max_size=32), min_size=2, max_size=2)
# x^9 + x^7 + x^6 + x + 1
GENERATOR = 1 << 9 | 1 << 7 | 1 << 6 | 1 << 1 | 1


def data_bits(rows: tuple[Row, Row]) -> int:
    return int("".join(str(int(cell)) for row in rows for cell in row[1:-1]), 2)


def flipped(rows: tuple[Row, Row], places: tuple[int, ...]) -> list[list[bool]]:
    cells = [list(row) for row in rows]
    for place in places:
        cells[place // 32][place % 32] ^= True
    return cells


def noticed(rows: list[list[bool]]) -> bool:
    try:
        decode(rows)
    except FormatError:
        return True
    return False


@given(st.integers(), MILLISECONDS)
def test_round_trip(number: int, milliseconds: int) -> None:
    assert decode(encode(number, milliseconds)) == Stamp(number % (1 << 24), milliseconds)


def test_golden_cells() -> None:
    first, second = encode(0xABCDEF, 12_345_678)
    assert "".join("01"[cell] for cell in first) == "11010101111001101111011110001010"
    assert "".join("01"[cell] for cell in second) == "11110001100001010011100101011000"


@given(st.integers(0, (1 << 24) - 1), MILLISECONDS)
def test_layout_and_checksum_by_long_division(number: int, milliseconds: int) -> None:
    rows = encode(number, milliseconds)
    assert [(row[0], row[-1], len(row)) for row in rows] == [(True, False, 32)] * 2
    value = data_bits(rows)
    assert value >> 36 == number
    assert value >> 9 & ((1 << 27) - 1) == milliseconds
    # A register that starts at 1FF is the same as turning over the first nine bits.
    rest = value ^ 0x1FF << 51
    while rest.bit_length() > 9:
        rest ^= GENERATOR << (rest.bit_length() - 10)
    assert rest == 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_up_to_three_wrong_cells_are_noticed(count: int) -> None:
    rows = encode(1, 2)
    assert all(noticed(flipped(rows, places)) for places in combinations(range(64), count))


@given(st.integers(0, 51), st.integers(1, 511))
def test_bursts_of_nine_cells_are_noticed(start: int, pattern: int) -> None:
    rows = encode(0x123456, 0x1234567)
    data_places = [*range(1, 31), *range(33, 63)][start : start + 9]
    places = tuple(place for bit, place in enumerate(data_places) if pattern >> bit & 1)
    assert noticed(flipped(rows, places))


@given(ROWS)
def test_any_cells_are_a_stamp_or_refused(rows: list[list[bool]]) -> None:
    try:
        stamp = decode(rows)
    except FormatError:
        return
    assert encode(stamp.number, stamp.milliseconds) == tuple(map(tuple, rows))


@pytest.mark.parametrize("cell", [True, False])
def test_flat_pictures_are_refused(cell: bool) -> None:
    with pytest.raises(FormatError, match="begin white and end black"):
        decode([[cell] * 32] * 2)
    with pytest.raises(FormatError, match="checksum"):
        decode([[True, *[cell] * 30, False]] * 2)


@pytest.mark.parametrize("rows", [[], [[True] * 32], [[True] * 32] * 3, [[True] * 31] * 2])
def test_other_shapes_are_refused(rows: list[list[bool]]) -> None:
    with pytest.raises(FormatError, match="2 rows of 32 cells"):
        decode(rows)


@pytest.mark.parametrize("milliseconds", [-1, 86_400_000])
def test_times_outside_the_day_are_our_own_mistake(milliseconds: int) -> None:
    with pytest.raises(LocalError, match="not in a day"):
        encode(0, milliseconds)


def test_a_time_outside_the_day_is_refused_also_with_a_right_checksum() -> None:
    value = 86_400_000 << 9
    rest = value ^ 0x1FF << 51
    while rest.bit_length() > 9:
        rest ^= GENERATOR << (rest.bit_length() - 10)
    digits = [digit == "1" for digit in f"{value | rest:060b}"]
    with pytest.raises(FormatError, match="86400000 ms"):
        decode([[True, *digits[:30], False], [True, *digits[30:], False]])
