"""What players say, and what they cannot mean."""

import time
from typing import Any

import pytest

from televise.errors import FormatError
from televise.web.message import number_of, parse_message, text_of
from televise.web.sockets import MAX_REASON_BYTES, reason_of


def test_what_is_a_message() -> None:
    message = parse_message('{"type":"report","rung":"mse","age_ms":12}')
    assert (message["type"], text_of(message, "rung")) == ("report", "mse")
    assert number_of(message, "age_ms") == 12.0
    assert number_of({"client": time.time_ns()}, "client") > 1.7e18


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"type":7}', '{"type":"a","b":1e999}'])
def test_what_is_none(text: str) -> None:
    with pytest.raises(FormatError):
        parse_message(text)


@pytest.mark.parametrize("value", [None, "12", True, [], {}, 1e19, -1e19, 10**400])
def test_what_is_no_number(value: Any) -> None:
    with pytest.raises(FormatError, match="w must be a number"):
        number_of({"w": value}, "w")


@pytest.mark.parametrize("value", [None, 12, True, [], {}])
def test_what_is_no_text(value: Any) -> None:
    with pytest.raises(FormatError, match="channel must be a text"):
        text_of({"channel": value}, "channel")


@pytest.mark.parametrize("letter", ["a", "ä", "\u20ac", "\U0001f600", "\ud800"])
def test_a_reason_ends_with_a_letter(letter: str) -> None:
    said = reason_of("x" + letter * 200)
    assert len(said) > MAX_REASON_BYTES - 4
    assert said.decode().lstrip("x") in letter.replace("\ud800", "?") * 200
