"""A length of time as people write it: 90s, 30m, 12h, 7d."""

from televise.errors import InputError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_duration(text: str) -> int:
    """Whole seconds. InputError."""
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdecimal()) or unit not in _UNITS or not int(number):
        raise InputError(f"{text!r}: a time with its unit, as in 90s, 30m, 12h, 7d")
    return int(number) * _UNITS[unit]
