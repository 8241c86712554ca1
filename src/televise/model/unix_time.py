"""Unix time in nanoseconds, as clocks of other machines tell it."""

_LIMIT = 1 << 63


def is_unix_time(value: object) -> bool:
    """Whether a peer's ``value`` can be one; it is small enough for arithmetic of 64 bits."""
    return type(value) is int and 0 < value < _LIMIT
