"""AMF0: every value survives, and nothing but FormatError comes of anything else."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError
from televise.formats import amf
from televise.formats.amf import MAX_DEPTH, MAX_VALUES, Value, decode, encode

TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | TEXTS,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXTS, values, max_size=3),
    max_leaves=6,
)


@given(st.lists(VALUES, max_size=4))
def test_values_come_back(values: list[Value]) -> None:
    assert decode(encode(*values)) == values


def test_bytes_of_the_document() -> None:
    """Sections 2.2 to 2.5, 2.7, 2.12."""
    assert encode(1.0) == bytes.fromhex("00 3ff0000000000000")
    assert encode(True, False) == bytes.fromhex("0101 0100")
    assert encode("é") == bytes.fromhex("02 0002 c3a9")
    assert encode({"a": None}) == bytes.fromhex("03 0001 61 05 0000 09")
    assert encode([2.0]) == bytes.fromhex("0a 00000001 00 4000000000000000")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("06", None),
        ("08 00000007 0001 61 0101 0000 09", {"a": True}),
        ("0b 4000000000000000 0000", 2.0),
        ("0c 00000001 61", "a"),
        ("0f 00000001 61", "a"),
        ("10 0001 43 0001 61 05 0000 09", {"a": None}),
        ("02 0001 ff", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_what_we_do_not_write(written: str, value: Value) -> None:
    assert decode(bytes.fromhex(written)) == [value]


def test_a_long_text_is_a_long_string() -> None:
    text = "a" * 70_000
    assert encode(text)[0] == amf.LONG_STRING
    assert decode(encode(text)) == [text]


def test_a_lone_surrogate_is_written_as_a_question_mark() -> None:
    assert decode(encode("a\ud800", {"\ud800": 1.0})) == ["a?", {"?": 1.0}]


def nested(depth: int) -> bytes:
    return struct.pack(">BI", amf.STRICT_ARRAY, 1) * depth + encode(None)


def test_how_deep_values_may_be() -> None:
    assert decode(nested(MAX_DEPTH))
    with pytest.raises(FormatError, match=f"or {MAX_DEPTH} one inside another"):
        decode(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize("count", [MAX_VALUES + 1, (1 << 32) - 1])
def test_how_many_values_there_may_be(count: int) -> None:
    assert len(decode(encode(None) * MAX_VALUES)) == MAX_VALUES
    with pytest.raises(FormatError, match=f"more than {MAX_VALUES} values"):
        decode(encode(None) * (MAX_VALUES + 1))
    with pytest.raises(FormatError, match=f"more than {MAX_VALUES} values"):
        decode(struct.pack(">BI", amf.STRICT_ARRAY, count) + encode(None) * MAX_VALUES)


@pytest.mark.parametrize("kind", [amf.OBJECT, amf.STRICT_ARRAY, amf.LONG_STRING])
def test_sizes_that_lie_end_at_the_end(kind: int) -> None:
    with pytest.raises(FormatError, match="ends inside a value"):
        decode(bytes((kind,)) + b"\xff\xff\xff\xff" + b"\0" * 4)


@pytest.mark.parametrize("marker", [0x04, 0x07, 0x09, 0x0D, 0x0E, 0x11, 0xFF])
def test_types_that_no_command_needs(marker: int) -> None:
    with pytest.raises(FormatError, match=f"unknown type {marker}"):
        decode(bytes((marker,)) + bytes(20))


@given(VALUES, st.data())
def test_half_a_value_is_refused(value: Value, data: st.DataObject) -> None:
    written = encode(value)
    end = data.draw(st.integers(1, len(written) - 1) if len(written) > 1 else st.just(0))
    if end:
        with pytest.raises(FormatError, match="ends inside a value"):
            decode(written[:end])


@given(st.binary() | VALUES.map(encode).map(lambda data: data[1:]))
def test_any_bytes_are_values_or_refused(data: bytes) -> None:
    try:
        values = decode(data)
    except FormatError:
        return
    assert len(values) <= len(data)
