"""What may stand behind a key. Each takes a value as TOML has it; InputError says what is wrong
with that, and what would be right."""

import os
import re
from collections.abc import Callable
from typing import Any, TypeVar

from televise.errors import InputError
from televise.hub.policy import parse_replay
from televise.model.allowed import Allowed
from televise.model.host import bare

Read = Callable[[Any], Any]
T = TypeVar("T")

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def text(value: Any) -> str:
    """Text, with what the environment has for each ``${NAME}`` in it."""
    if not isinstance(value, str):
        raise InputError(f"{shown(value)} is no text: write it in quotes")
    return _VARIABLE.sub(_from_environment, value)


def _from_environment(match: re.Match[str]) -> str:
    name = match[1]
    if name not in os.environ:
        raise InputError(f"${{{name}}} is not in the environment: set it, as in export {name}=...")
    return os.environ[name]


def host(value: Any) -> str:
    """A name or an address."""
    return bare(text(value))


def flag(value: Any) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise InputError(f"{shown(value)}: write true or false")
    return value


def port(value: Any) -> int:
    """A port to listen on; 0 for any."""
    return _whole(value, 0, 65535, "a port is a number from 0 to 65535")


def rtmp_port(value: Any) -> int:
    """A port, or -1 for ``"off"``."""
    if value == "off":
        return -1
    return _whole(value, 0, 65535, 'a port is a number from 0 to 65535; or "off"')


def count(value: Any) -> int:
    """A whole number above 0."""
    return _whole(value, 1, 1 << 31, "write a whole number above 0")


def within(allowed: Allowed) -> Callable[[Any], int]:
    """A whole number that a limit may be."""
    return lambda value: _whole(value, allowed.least, allowed.most, f"write {allowed.right}")


def replay(value: Any) -> int:
    """Seconds to look back to, of ``"60s"``."""
    if not isinstance(value, str):
        raise InputError(f'{shown(value)}: write a time with its unit, in quotes, as in "90s"')
    return parse_replay(value)


def each(read: Callable[[Any], T], example: str) -> Callable[[Any], list[T]]:
    """A list of what ``read`` understands."""

    def understand(value: Any) -> list[T]:
        if not isinstance(value, list):
            raise InputError(f"{shown(value)} is no list: write it as in {example}")
        return [read(item) for item in value]

    return understand


def named(read: Callable[[str], T], option: str) -> Callable[[Any], T]:
    """A text that a command's ``option`` takes too: its complaints begin with the option."""

    def understand(value: Any) -> T:
        try:
            return read(text(value))
        except InputError as error:
            raise InputError(str(error).removeprefix(option).lstrip(": ")) from None

    return understand


def _whole(value: Any, least: int, most: int, right: str) -> int:
    if type(value) is not int or not least <= value <= most:
        raise InputError(f"{shown(value)}: {right}")
    return value


def shown(value: Any) -> str:
    """A value as it stands in the file, roughly; nothing of what is in lists and tables."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    return str(value).lower() if isinstance(value, bool) else repr(value)
