"""The command line."""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

import televise
from televise.commands import doctor, push, serve, token, viewers
from televise.errors import InputError, TeleviseError
from televise.model.printable import printable

COMMANDS = (serve, push, token, viewers, doctor)


class _Parser(argparse.ArgumentParser):
    """Complains in one line, as everything here does."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see {self.prog} --help)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``televise``; returns the exit code."""
    try:
        options = parse(arguments)
        return int(options.run(options))
    except TeleviseError as error:
        print(f"televise: {printable(str(error))}", file=sys.stderr)
        return 2


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What was typed. InputError."""
    parser = build_parser()
    options, rest = parser.parse_known_args(arguments)
    # People write options between sources, too, which argparse takes in one piece only.
    sources: list[str] | None = getattr(options, "sources", None)
    # Behind "--" there are no options, whatever it looks like.
    end = rest.index("--") if "--" in rest else len(rest)
    if rest and (sources is None or any(re.match("-.", each) for each in rest[:end])):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if sources is not None:
        sources.extend([*rest[:end], *rest[end + 1 :]])
    return options


def build_parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    parser = _Parser(prog="televise", description="Live pictures from anything to every browser.")
    parser.add_argument("--version", action="version", version=f"televise {televise.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return parser
