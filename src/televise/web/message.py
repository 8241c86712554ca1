"""Message: what a player says in a text, as strangers say it: JSON, of some type."""

from typing import Any

from televise.errors import FormatError
from televise.formats.strict_json import parse_json

# Nothing that a player tells is more, not even the time in nanoseconds.
MAX_NUMBER = 1 << 63


def parse_message(text: str) -> dict[str, Any]:
    """FormatError where it is none."""
    message = parse_json(text)
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise FormatError("not a JSON object with a type")
    return message


def number_of(message: dict[str, Any], key: str) -> float:
    """A number that it must have; FormatError where that is none, or none that can be meant."""
    value: Any = message.get(key)
    if type(value) not in (int, float) or not abs(value) <= MAX_NUMBER:
        raise FormatError(f"{key} must be a number")
    return float(value)


def text_of(message: dict[str, Any], key: str) -> str:
    """A text that it must have; FormatError where that is none."""
    value = message.get(key)
    if not isinstance(value, str):
        raise FormatError(f"{key} must be a text")
    return value
