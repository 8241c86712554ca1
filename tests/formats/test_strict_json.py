"""JSON of strangers is JSON, or a FormatError."""

import contextlib
from typing import Any

import pytest

from televise.errors import FormatError
from televise.formats.strict_json import compact, parse_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":[1,-2.5,1e3]}', {"a": [1, -2.5, 1000.0]}),
        (b' "\xc3\xa4" ', "ä"),
        ("1e308", 1e308),
        ("9" * 400, int("9" * 400)),
    ],
)
def test_what_is(text: str | bytes, value: Any) -> None:
    assert parse_json(text) == value


def test_the_same_in_short() -> None:
    assert compact(' { "ä" : [1.50, null] }\n') == '{"\\u00e4":[1.5,null]}'


@pytest.mark.parametrize("depth", range(900, 1000, 7))
def test_what_can_hardly_be_read(depth: int) -> None:
    text = "[" * depth + "]" * depth
    with contextlib.suppress(FormatError):
        assert compact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "1 2",
        "NaN",
        '{"a":Infinity}',
        "[-Infinity]",
        '{"a":1e999}',
        "-1e999",
        "9" * 5000,
        "[" * 100_000,
        b"\xff",
        '{"a":' * 100_000,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_what_is_none(text: str | bytes) -> None:
    with pytest.raises(FormatError, match="not JSON"):
        parse_json(text)
