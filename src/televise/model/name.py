"""Channel names, as they stand in URLs."""

import re

from televise.errors import InputError

RESERVED = frozenset({"api", "assets", "metrics", "healthz", "readyz", "topology"})

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_-]+")


def check_name(name: str) -> str:
    """Return ``name``; InputError where it cannot name a channel."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"bad channel name {name!r}: use 1 to 64 letters, digits, '_' or '-', as in front-door"
        )
    if name in RESERVED:
        raise InputError(f"channel name {name!r} is reserved: choose another, as in {name}-1")
    return name


def is_name(name: str) -> bool:
    """Whether ``name`` can name a channel."""
    return _NAME.fullmatch(name) is not None and name not in RESERVED


def is_node(name: object) -> bool:
    """Whether ``name`` can be that of a hub; it is a token of NATS subjects, too."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def derive_name(text: str) -> str:
    """Make a valid name of any text, for sources given without one."""
    name = _NOT_ALLOWED.sub("-", text).strip("-_")[:64]
    return f"{name}-1" if name in RESERVED else name or "channel"
