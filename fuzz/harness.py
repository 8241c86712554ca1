"""What every fuzz target shares: seeds, libFuzzer's arguments, and the one allowed exception."""

import sys
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import atheris

from televise.errors import FormatError

FOLDER = Path(__file__).resolve().parent
GOLDEN = FOLDER.parent / "tests" / "golden"
CORPUS = FOLDER / "corpus"
# What nobody may put into JSON where something else is meant.
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 7, 1 << 31, 1 << 63, 10**400, 1.5, 1e308, float("nan"), float("inf")),
    *("", "a", "*", "<b>", "\ud800", "x" * 300, [], [[]], {}, {"a": 1}),
)


def golden(name: str) -> bytes:
    """The bytes of a golden file of the tests."""
    return bytes.fromhex((GOLDEN / f"{name}.hex").read_text())


def kept(name: str) -> list[bytes]:
    """Inputs of target ``name`` that are worth keeping, one on each line of a file."""
    path = CORPUS / f"{name}.hex"
    return [bytes.fromhex(line) for line in path.read_text().split("\n")[:-1]]


def changed(values: Any, how: bytes) -> Any:
    """``values`` as they stand in JSON, where for every two bytes something is odd."""
    values = deepcopy(values)
    for which, odd in zip(how[::2], how[1::2], strict=False):
        places = list(_places(values))
        if places:
            container, key = places[which % len(places)]
            container[key] = deepcopy(ODD[odd % len(ODD)])
    return values


def _places(values: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(values) if isinstance(values, dict) else range(len(values))
    for key in keys:
        yield values, key
        if isinstance(values[key], dict | list):
            yield from _places(values[key])


def fuzz(target: Callable[[bytes], object], seeds: Iterable[bytes]) -> None:
    """Feed ``target`` until libFuzzer's limit; everything but FormatError ends it.

    Arguments of the command line go to libFuzzer: a file to try again; or a folder, to which the
    ``seeds``, what is kept, and what it finds are added.
    """

    def one(data: bytes) -> None:
        try:
            target(data)
        except FormatError:
            return

    name = Path(sys.argv[0]).stem.removeprefix("fuzz_")
    for folder in filter(Path.is_dir, map(Path, sys.argv[1:])):
        for number, seed in enumerate([*seeds, *kept(name)]):
            (folder / f"seed-{number}").write_bytes(seed)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
