"""A length of time as people write it: 90s, 30m, 12h, 7d."""

from televise.errors import InputError

# A hundred years: what lasts longer has an end that no calendar of ours knows.
MOST_DAYS = 36_500
# Of a number of seconds that is hardly longer.
_DIGITS = 10
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_duration(text: str) -> int:
    """Whole seconds. InputError."""
    number, unit = text[:-1], text[-1:]
    digits = number.lstrip("0")
    if not (number.isascii() and number.isdecimal()) or unit not in _UNITS or not digits:
        raise InputError(f"{text!r}: a time with its unit, as in 90s, 30m, 12h, 7d")
    seconds = int(digits[:_DIGITS]) * _UNITS[unit]
    if len(digits) > _DIGITS or seconds > MOST_DAYS * _UNITS["d"]:
        raise InputError(f"{text[:20]!r}: {MOST_DAYS}d at most")
    return seconds
