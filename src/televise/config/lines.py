"""Lines: where the keys of a TOML text stand. tomllib, which reads it, does not tell.

A text is cut where a part of it is TOML on its own: at the ends of headers and of values. What is
in a part, tomllib says; nothing of the grammar is repeated here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


def line_of(text: str, path: Path) -> int:
    """The line on which the key at ``path`` begins, or the table around it where there is none.

    ``text`` is TOML as a whole.
    """
    found = lines(text)
    while path and path not in found:
        path = path[:-1]
    return found.get(path, 1)


def lines(text: str) -> dict[Path, int]:
    """All keys and tables, and the lines on which they first stand."""
    found: dict[Path, int] = {}
    for start, _, paths in _keys(text):
        for path in paths:
            for length in range(1, len(path) + 1):
                found.setdefault(path[:length], start)
    return found


def key_at(text: str, line: int) -> Path:
    """The key whose value ends on that line, or the table that begins there; () for none. ``text``
    need not be TOML as a whole."""
    found = (paths for _, end, paths in _keys(text) if end == line)
    return max(next(found, [()]), key=len)


def _keys(text: str) -> Iterator[tuple[int, int, list[Path]]]:
    """The keys that are written together, and the lines on which that begins and ends."""
    header: Path = ()
    for start, part, values in _parts(text):
        if part.lstrip().startswith("["):
            header = max(_paths(values), key=len)
            inside = [header]
        else:
            inside = [header + path for path in _paths(values)]
        yield start, start + part.count("\n") - 1, inside


def _parts(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """What can be read on its own: the line on which it begins, its text, and what it says."""
    import tomllib

    part, start = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        part += f"{line}\n"
        try:
            values = tomllib.loads(part)
        except tomllib.TOMLDecodeError:
            continue  # a value that goes on in the next line
        if values:
            yield start, part, values
        part, start = "", number + 1


def _paths(values: Mapping[str, Any]) -> Iterator[Path]:
    """Every key, with those that it stands in."""
    for key, value in values.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *path) for path in _paths(value))
