"""Named: a channel as a file or a command names it."""

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from televise.config.place import Place
from televise.config.values import replay as read_replay
from televise.config.values import shown, text
from televise.errors import InputError
from televise.model.name import check_name
from televise.model.source import SourceSpec, parse_source

KEYS = ("source", "replay")
# One channel for each sub-directory, named as that is.
ALL_NAMES = "*"


@dataclass(frozen=True, slots=True)
class Named:
    """``replay``: so many seconds to look back to, if that is another than the server's."""

    spec: SourceSpec
    replay: int | None = None


def read_channels(values: Any, place: Place, folder: Path) -> list[Named]:
    """The table ``channels``; relative paths in it begin in ``folder``. InputError."""
    if not isinstance(values, dict):
        raise place.error('write a table, as in [channels] and below cam = "pattern:"')
    return [_read(name, value, place.at(name), folder) for name, value in values.items()]


def _read(name: str, value: Any, place: Place, folder: Path) -> Named:
    """``NAME = "SOURCE"``, or a table of its options."""
    if not isinstance(value, dict):
        value = {"source": value}
    elif unknown := next((key for key in value if key not in KEYS), None):
        raise place.at(unknown).error(f"a channel has no such key; it has {' and '.join(KEYS)}")
    elif "source" not in value:
        raise place.error('it has no source: write source = "rtsp://camera.local/stream"')
    try:
        spec = _spec(name, value["source"], folder)
        check_source(spec)
    except InputError as error:
        raise place.error(str(error)) from None
    return Named(spec, _replay(spec, value, place))


def _replay(spec: SourceSpec, value: Mapping[str, Any], place: Place) -> int | None:
    if "replay" not in value:
        return None
    try:
        if spec.kind == "directories":
            raise InputError("channels of sub-directories have that of the server: write it there")
        return read_replay(value["replay"])
    except InputError as error:
        raise place.at("replay").error(str(error)) from None


def _spec(name: str, value: Any, folder: Path) -> SourceSpec:
    if not isinstance(value, str):
        raise InputError(f'{shown(value)} is no source: write text, as in "pattern:"')
    source = text(value)
    if source == "-":
        raise InputError("- is standard input, which only a command can name: televise serve -")
    if name != ALL_NAMES:
        spec = parse_source(f"{check_name(name)}={source}")
    else:
        spec = parse_source(source)
        if spec.kind != "directories":
            raise InputError('only sub-directories name themselves, as in "dir:frames/*"')
        spec = replace(spec, name="")
    return _beside(spec, folder)


def _beside(spec: SourceSpec, folder: Path) -> SourceSpec:
    """The same, with a path that begins in ``folder``."""
    if spec.kind == "file":
        path = str(folder / spec.text)
        return replace(spec, text=path, shown=path)
    if spec.kind in ("directory", "directories"):
        path, mark, options = spec.text.removeprefix("dir:").partition("?")
        full = f"dir:{quote(str(folder / unquote(path)), safe='/*')}{mark}{options}"
        return replace(spec, text=full, shown=full)
    return spec


def check_sources(specs: Sequence[SourceSpec]) -> None:
    """What can be said of them before anything is opened. InputError."""
    for spec in specs:
        check_source(spec)
    if sum(spec.kind == "stdin" for spec in specs) > 1:
        raise InputError("there is only one standard input: give '-' once")


def check_source(spec: SourceSpec) -> None:
    """InputError where it is no file."""
    if spec.kind != "file":
        return
    path = spec.text
    try:
        directory = stat.S_ISDIR(Path(path).stat().st_mode)
    except FileNotFoundError:
        raise InputError(
            f"{path}: there is no such file, and it is no other source that is known"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be opened: {reason}; give a media file") from None
    if directory:
        raise InputError(f"{path}: is a directory; give a media file")
