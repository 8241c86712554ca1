"""DialectSpec: what a user types for a dialect: ``NAME[=CHANNEL][@PORT][,static=DIR]``."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from televise.errors import InputError
from televise.model.name import check_name

MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class DialectSpec:
    """A dialect as typed. ``channel`` is '', ``port`` and ``static`` are None where they are not
    given; the files of directory ``static`` go before what the dialect answers."""

    name: str
    channel: str = ""
    port: int | None = None
    static: Path | None = None

    def beside(self, folder: Path) -> "DialectSpec":
        """The same, with a path that begins in ``folder``."""
        return self if self.static is None else replace(self, static=folder / self.static)

    def ports(self, usual: tuple[int, ...]) -> tuple[int, ...]:
        """Where to listen: the ``usual`` ports, or as many from the given one on, as far apart.

        InputError where they leave the range; port 0 stands for any free one.
        """
        if self.port is None:
            return usual
        if self.port == 0:
            return (0,) * len(usual)
        ports = tuple(self.port + each - usual[0] for each in usual)
        if not all(0 < port <= MAX_PORT for port in ports):
            needed = ", ".join(map(str, ports))
            raise InputError(f"--dialect {self.name}@{self.port}: there are no ports {needed}")
        return ports


def parse_spec(text: str, known: Collection[str]) -> DialectSpec:
    """Understand ``NAME[=CHANNEL][@PORT][,static=DIR]``; InputError lists the ``known`` names."""
    front, comma, directory = text.partition(",static=")
    if comma and not directory:
        raise InputError(f"--dialect {text!r}: static is a directory, as in static=pages")
    static = Path(directory) if comma else None
    rest, at, port = front.partition("@")
    name, equals, channel = rest.partition("=")
    if name not in known:
        raise InputError(f"--dialect {text!r}: no dialect is named so; known: {', '.join(known)}")
    if equals:
        check_name(channel)
    if not at:
        return DialectSpec(name, channel, None, static)
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= MAX_PORT):
        raise InputError(f"--dialect {text!r}: a port is a number from 0 to {MAX_PORT}")
    return DialectSpec(name, channel, int(port), static)
