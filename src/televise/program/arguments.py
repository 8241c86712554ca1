"""Arguments: what a program says beside its pictures. Each is checked here: InputError."""

import json
import operator
from collections.abc import AsyncIterable, Iterable
from math import inf
from numbers import Real
from typing import Any

from televise.errors import InputError
from televise.model.host import bare
from televise.model.name import check_name
from televise.model.unix_time import is_unix_time
from televise.program.picture import MAX_HEIGHT, MAX_WIDTH

MAX_FPS = 120
MAX_META = 64 << 10


def check_channel(name: object) -> str:
    """The name of a channel."""
    if not isinstance(name, str):
        kind = type(name).__name__
        raise InputError(f'the name of a channel is text, as in "cam", and comes first: not {kind}')
    return check_name(name)


def check_size(size: Any) -> tuple[int, int] | None:
    """Width and height in pixels, if they are given."""
    if size is None:
        return None
    try:
        width, height = map(operator.index, size)
    except (TypeError, ValueError):
        width = height = 0
    if not 0 < width * height <= MAX_WIDTH * MAX_HEIGHT or not 0 < max(width, height) <= MAX_WIDTH:
        limit = f"{MAX_WIDTH}x{MAX_HEIGHT}"
        raise InputError(f"size={_told(size)}: (width, height) in pixels, at most {limit}")
    return width, height


def check_fps(fps: Any, most: float = inf) -> float:
    """Pictures per second, at most ``most``; 0 where that is not given."""
    if fps is None:
        return 0.0
    rate = float(fps) if isinstance(fps, Real) else 0.0
    if not 0 < rate <= most or rate == inf:
        limit = "" if most == inf else f" and at most {most}"
        raise InputError(f"fps={_told(fps)}: pictures per second, above 0{limit}, or leave it out")
    return rate


def check_port(port: Any) -> int:
    """The number of a port, 0 for any free one."""
    if type(port) is not int or not 0 <= port <= 65535:
        raise InputError(f"port={_told(port)}: a number from 0 to 65535")
    return port


def check_host(host: object) -> str:
    """An address to listen on."""
    if not isinstance(host, str):
        raise InputError(f'host={_told(host)}: an address as text, as in "127.0.0.1"')
    return bare(host)


def check_origins(origins: Any) -> list[str]:
    """Sites; whether they can be is found out by the hub."""
    is_list = isinstance(origins, Iterable) and not isinstance(origins, str)
    found: list[Any] = list(origins) if is_list else [None]
    if not all(isinstance(each, str) for each in found):
        raise InputError(f'origins={_told(origins)}: a list, as in ["https://example.org"]')
    return found


def check_captured(captured: Any) -> int:
    """When something was captured, in Unix nanoseconds."""
    try:
        time = operator.index(captured)
    except TypeError:
        time = 0
    if not is_unix_time(time):
        told = _told(captured)
        raise InputError(f"captured={told}: whole Unix nanoseconds, as time.time_ns() tells them")
    return time


def check_frames(frames: object) -> None:
    """An iterator."""
    if not isinstance(frames, Iterable | AsyncIterable):
        kind = type(frames).__name__
        raise InputError(f"frames is an iterator of pictures, as a generator is: not {kind}")


def check_callback(callback: object) -> None:
    """What is to be called."""
    if not callable(callback):
        raise InputError(f"a function that takes what a viewer did: not {_told(callback)}")


def encode_meta(meta: Any) -> bytes:
    """What is to be told with a picture, as JSON."""
    try:
        text = json.dumps(meta, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"meta must be JSON (dict, list, text, numbers): {error}") from None
    if len(text) > MAX_META:
        raise InputError(f"meta of {len(text)} bytes as JSON; the limit is {MAX_META}")
    return text


def _told(value: object) -> str:
    """It in one short line."""
    return repr(value).partition("\n")[0][:40]
