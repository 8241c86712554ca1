"""A length of time as people write it."""

import pytest

from televise.errors import InputError
from televise.model.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("030m", 1800), ("12h", 43_200), ("36500d", 36_500 * 86_400)]
)
def test_what_is_a_duration(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "s", "0d", "-1s", "1.5h", "1w", "٣s"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(InputError, match="a time with its unit, as in 90s"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["36501d", "9999999d", "3153600001s", "9" * 5000 + "d"])
def test_nothing_lasts_longer_than_a_calendar(text: str) -> None:
    with pytest.raises(InputError, match="36500d at most"):
        parse_duration(text)
