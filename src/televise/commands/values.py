"""What may stand behind an option of a command."""

import argparse
from collections.abc import Callable

from televise.errors import InputError
from televise.hub.policy import parse_replay
from televise.model.allowed import Allowed
from televise.model.duration import parse_duration


def port(text: str) -> int:
    """A port to listen on; 0 for any."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535")
    return int(text)


def count(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number above 0")
    return int(text)


def within(allowed: Allowed) -> Callable[[str], int]:
    """A whole number that a limit may be."""

    def understand(text: str) -> int:
        if not text.isdecimal() or not allowed.has(int(text)):
            raise argparse.ArgumentTypeError(f"{text!r}: {allowed.right}")
        return int(text)

    return understand


def rtmp_port(text: str) -> int:
    """A port, or -1 for ``off``."""
    try:
        return -1 if text == "off" else port(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, or off") from None


def seconds(text: str) -> int:
    """A length of time, as in 90s, 30m, 12h or 7d."""
    try:
        return parse_duration(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def replay(text: str) -> int:
    """A length of time that one can look back to."""
    try:
        return parse_replay(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def share(text: str) -> float:
    """A part of a whole, as in 10%."""
    number = text.removesuffix("%")
    if number == text or not number.isascii() or not number.isdecimal() or int(number) > 100:
        raise argparse.ArgumentTypeError(f"{text!r}: a share from 0% to 100%, as in 10%")
    return int(number) / 100


def per_second(text: str) -> float:
    """A rate, as in 5/s."""
    number = text.removesuffix("/s")
    if number == text or not number.isascii() or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: a rate, as in 5/s")
    return float(number)
