"""The command line as other users of this machine see it, in `ps`: without its secrets."""

import ctypes
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol


class Shown(Protocol):
    """What somebody typed, and what of it may be shown."""

    @property
    def text(self) -> str: ...
    @property
    def shown(self) -> str: ...


def hide_secrets(specs: Iterable[Shown]) -> None:
    """Write over those parts of our own arguments that are not to be shown. On Linux only.

    They can be seen until then: for as long as Python takes to start.
    """
    if sys.platform != "linux":
        return
    address, arguments = _own_arguments()
    for spec in specs:
        if spec.shown == spec.text:
            continue
        for place in places(arguments, spec.text.encode(errors="surrogateescape")):
            written = covered(spec)
            ctypes.memmove(address + place, written, len(written))


def hide_token(token: str) -> None:
    """The same for a key that is an argument, or in the query of one."""
    if sys.platform != "linux" or not token:
        return
    address, arguments = _own_arguments()
    for place in token_places(arguments, token.encode(errors="surrogateescape")):
        ctypes.memset(address + place, ord("*"), len(token.encode(errors="surrogateescape")))


def token_places(arguments: bytes, token: bytes) -> list[int]:
    """Where ``token`` is an argument, or stands behind an equals sign."""
    whole = re.compile(rb"(?<=[\0=])" + re.escape(token) + rb"(?=[\0&#])")
    return [match.start() for match in whole.finditer(arguments)]


def places(arguments: bytes, text: bytes) -> list[int]:
    """Where ``text`` ends one of the ``arguments``, each of which ends with a zero."""
    found, start = [], arguments.find(text + b"\0")
    while start >= 0:
        found.append(start)
        start = arguments.find(text + b"\0", start + 1)
    return found


def covered(spec: Shown) -> bytes:
    """What is shown instead, in as many bytes."""
    size = len(spec.text.encode(errors="surrogateescape"))
    return spec.shown.encode(errors="surrogateescape")[:size].ljust(size)


def _own_arguments() -> tuple[int, bytes]:
    """Where they lie in memory, and what they are."""
    # proc(5): arg_start and arg_end are fields 48 and 49; the second, the name, may have spaces.
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[48 - 3]), int(fields[49 - 3])
    return (start, ctypes.string_at(start, end - start)) if start else (0, b"")
