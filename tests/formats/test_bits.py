import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError
from televise.formats.bits import BitReader, unescape
from tests.formats.bit_writer import BitWriter, escape

FIELDS = st.integers(0, 40).flatmap(
    lambda count: st.tuples(st.just(count), st.integers(0, (1 << count) - 1))
)


@given(st.lists(FIELDS))
def test_bits_come_back_as_they_were_written(fields: list[tuple[int, int]]) -> None:
    writer = BitWriter()
    for count, value in fields:
        writer.bits(count, value)
    reader = BitReader(writer.data())
    assert [reader.bits(count) for count, _ in fields] == [value for _, value in fields]
    assert 1 <= reader.left <= 8


@given(st.lists(st.integers(-(1 << 31) + 1, (1 << 31) - 1)))
def test_exp_golomb_numbers_come_back(values: list[int]) -> None:
    writer = BitWriter()
    for value in values:
        writer.signed(value)
        writer.unsigned(abs(value))
    reader = BitReader(writer.data())
    read = [(reader.signed("a"), reader.unsigned("b")) for _ in values]
    assert read == [(value, abs(value)) for value in values]


@pytest.mark.parametrize(
    ("bits", "value"), [("1", 0), ("010", 1), ("011", 2), ("00100", 3), ("00111", 6)]
)
def test_exp_golomb_table_of_the_standard(bits: str, value: int) -> None:
    """ISO/IEC 14496-10 table 9-2."""
    data = int(bits.ljust(8, "0"), 2).to_bytes(1, "big")
    assert BitReader(data).unsigned("x") == value


def test_the_largest_exp_golomb_number_and_one_more() -> None:
    assert BitReader(bytes(3) + b"\x01" + b"\xff" * 4).unsigned("x") == (1 << 32) - 2
    with pytest.raises(FormatError, match="x: not an Exp-Golomb number"):
        BitReader(bytes(4) + b"\xff" * 8).unsigned("x")


def test_a_limit_names_its_field() -> None:
    with pytest.raises(FormatError, match="width is 6; at most 5"):
        BitReader(b"\x38").unsigned("width", 5)


def test_reading_past_the_end_is_refused_and_moves_nothing() -> None:
    reader = BitReader(b"\xa5")
    with pytest.raises(FormatError, match="9 bits wanted, 8 are left"):
        reader.bits(9)
    assert (reader.left, reader.bits(8)) == (8, 0xA5)


def test_align_moves_to_the_next_byte_only() -> None:
    reader = BitReader(b"\xff\x01\x02")
    reader.align()
    assert reader.left == 24
    reader.skip(9)
    reader.align()
    assert reader.bits(8) == 2


@given(st.lists(st.sampled_from([0, 0, 0, 1, 3, 255])).map(bytes))
def test_unescape_reverses_escape(data: bytes) -> None:
    assert unescape(escape(data)) == data
