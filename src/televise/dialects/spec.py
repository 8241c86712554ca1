"""DialectSpec: what a user types for a dialect: ``NAME[=CHANNEL][@PORT]``."""

from collections.abc import Collection
from dataclasses import dataclass

from televise.errors import InputError
from televise.model.name import check_name

MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class DialectSpec:
    """A dialect as typed. ``channel`` is '' and ``port`` is None where they are not given."""

    name: str
    channel: str = ""
    port: int | None = None

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
    """Understand ``NAME[=CHANNEL][@PORT]``; InputError lists the ``known`` names."""
    rest, at, port = text.partition("@")
    name, equals, channel = rest.partition("=")
    if name not in known:
        raise InputError(f"--dialect {text!r}: no dialect is named so; known: {', '.join(known)}")
    if equals:
        check_name(channel)
    if not at:
        return DialectSpec(name, channel)
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= MAX_PORT):
        raise InputError(f"--dialect {text!r}: a port is a number from 0 to {MAX_PORT}")
    return DialectSpec(name, channel, int(port))
