"""What every fuzz target shares: seeds, libFuzzer's arguments, and the one allowed exception."""

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import atheris

from televise.errors import FormatError

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"


def golden(name: str) -> bytes:
    """The bytes of a golden file of the tests."""
    return bytes.fromhex((GOLDEN / f"{name}.hex").read_text())


def fuzz(target: Callable[[bytes], object], seeds: Iterable[bytes]) -> None:
    """Feed ``target`` until libFuzzer's limit; everything but FormatError ends it.

    Arguments of the command line go to libFuzzer, for instance a file to try again.
    """

    def one(data: bytes) -> None:
        try:
            target(data)
        except FormatError:
            return

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds):
            Path(corpus, str(number)).write_bytes(seed)
        files = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
        atheris.Setup([*sys.argv, *([] if files else [corpus])], one)
        atheris.Fuzz()
