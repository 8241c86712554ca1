"""What every fuzz target shares: seeds, libFuzzer's arguments, and the one allowed exception."""

import sys
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

    Arguments of the command line go to libFuzzer: a file to try again; or folders of inputs, to the
    first of which the ``seeds`` are added, and what it finds.
    """

    def one(data: bytes) -> None:
        try:
            target(data)
        except FormatError:
            return

    folders = [argument for argument in sys.argv[1:] if Path(argument).is_dir()]
    if folders:
        for number, seed in enumerate(seeds):
            Path(folders[0], f"seed-{number}").write_bytes(seed)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
