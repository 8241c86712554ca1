"""Options: what may stand behind the ``?`` of a source, as in ``pattern:?size=640x360&fps=15``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from televise.errors import InputError

MAX_FPS = 120

Parse = Callable[[str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PatternOptions:
    """``pattern:?size=1280x720&fps=30&tone=440``: pixels, pictures a second, hertz (0: silent)."""

    width: int = 1280
    height: int = 720
    fps: float = 30.0
    tone: float = 0.0


@dataclass(frozen=True, slots=True)
class DirectoryOptions:
    """``dir:PATH?fps=5&delete=1``: pictures a second (0: as they arrive), remove what was shown."""

    path: str
    fps: float = 0.0
    delete: bool = False


@dataclass(frozen=True, slots=True)
class DeviceOptions:
    """``device:/dev/video0?size=1280x720&fps=30&format=mjpeg``; zero or '': what suits best."""

    path: str
    width: int = 0
    height: int = 0
    fps: float = 0.0
    format: str = ""


@dataclass(frozen=True, slots=True)
class CameraOptions:
    """``picamera:?camera=0&size=1280x720&fps=30&bitrate=4000000``: a Raspberry Pi's camera."""

    camera: int = 0
    width: int = 1280
    height: int = 720
    fps: float = 30.0
    bitrate: int = 4_000_000


@dataclass(frozen=True, slots=True)
class ScreenOptions:
    """``screen:?display=:0&fps=15&size=800x600&x=0&y=0``: an X11 screen, or a part of it."""

    display: str = ""
    width: int = 0
    height: int = 0
    x: int = 0
    y: int = 0
    fps: float = 15.0


def parse_pattern(text: str) -> PatternOptions:
    """The options of ``pattern:``; InputError names what is wrong and what is known."""
    return PatternOptions(
        **_options(_rest(text), "pattern", {"size": _size, "fps": _fps, "tone": _tone})
    )


def parse_directory(text: str) -> DirectoryOptions:
    """The path and options of ``dir:``. InputError."""
    path = _path(text, "dir", "dir:/var/pictures")
    known: dict[str, Parse] = {"fps": _fps, "delete": _flag}
    return DirectoryOptions(path, **_options(text.partition("?")[2], "dir", known))


def parse_device(text: str) -> DeviceOptions:
    """The path and options of ``device:``. InputError."""
    path = _path(text, "device", "device:/dev/video0")
    known: dict[str, Parse] = {"size": _size, "fps": _fps, "format": _format}
    return DeviceOptions(path, **_options(text.partition("?")[2], "device", known))


def parse_camera(text: str) -> CameraOptions:
    """The options of ``picamera:``. InputError."""
    known: dict[str, Parse] = {
        "camera": _whole(0, 3),
        "size": _size,
        "fps": _fps,
        "bitrate": _whole(50_000, 50_000_000),
    }
    return CameraOptions(**_options(_rest(text), "picamera", known))


def parse_screen(text: str) -> ScreenOptions:
    """The options of ``screen:``. InputError."""
    known: dict[str, Parse] = {
        "display": _display,
        "size": _size,
        "fps": _fps,
        "x": _whole(0, 65535),
        "y": _whole(0, 65535),
    }
    options = ScreenOptions(**_options(_rest(text), "screen", known))
    if (options.x or options.y) and not options.width:
        raise InputError("screen: x and y need a size, as in screen:?x=100&y=100&size=640x480")
    return options


def _path(text: str, scheme: str, example: str) -> str:
    path = unquote(text.removeprefix(f"{scheme}:").partition("?")[0])
    if not path or "\0" in path:
        raise InputError(f"{scheme}: needs a path, as in {example}")
    return path


def _rest(text: str) -> str:
    return text.partition(":")[2].removeprefix("?")


def _options(rest: str, scheme: str, known: Mapping[str, Parse]) -> dict[str, Any]:
    try:
        pairs = parse_qsl(rest, keep_blank_values=True, strict_parsing=bool(rest))
    except ValueError:
        pairs = [("", "\n")]
    if not all(part.isprintable() for pair in pairs for part in pair):
        raise InputError(f"{rest!r}: write options as {scheme}:?size=1280x720&fps=30")
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key not in known:
            *others, last = known
            names = f"{', '.join(others)} and {last}"
            raise InputError(f"{scheme}: has no option {key!r}; it knows {names}")
        values |= known[key](key, value)
    return values


def _size(key: str, value: str) -> dict[str, Any]:
    width, _, height = value.partition("x")
    if not (width.isdecimal() and height.isdecimal() and len(value) < 12):
        raise InputError(f"size={value}: write WIDTHxHEIGHT, as in size=1280x720")
    w, h = int(width), int(height)
    if not (160 <= w <= 4096 and 120 <= h <= 2304) or w % 2 or h % 2:
        raise InputError(f"size={value}: even numbers from 160x120 to 4096x2304")
    return {"width": w, "height": h}


def _fps(key: str, value: str) -> dict[str, Any]:
    return {key: _number(key, value, 1, MAX_FPS, "pictures per second")}


def _tone(key: str, value: str) -> dict[str, Any]:
    return {key: 0.0 if value == "0" else _number(key, value, 20, 20_000, "hertz")}


def _flag(key: str, value: str) -> dict[str, Any]:
    if value not in ("0", "1"):
        raise InputError(f"{key}={value}: 1 or 0")
    return {key: value == "1"}


def _format(key: str, value: str) -> dict[str, Any]:
    if value not in ("mjpeg", "h264", "raw"):
        raise InputError(f"format={value}: mjpeg, h264 or raw")
    return {key: value}


def _display(key: str, value: str) -> dict[str, Any]:
    if not value.removeprefix(":").replace(".", "").replace(":", "").isalnum():
        raise InputError(f"display={value}: an X11 display, as in display=:0")
    return {key: value}


def _whole(least: int, most: int) -> Parse:
    def parse(key: str, value: str) -> dict[str, Any]:
        if not (value.isdecimal() and len(value) < 10 and least <= int(value) <= most):
            raise InputError(f"{key}={value}: a whole number from {least} to {most}")
        return {key: int(value)}

    return parse


def _number(key: str, value: str, least: float, most: float, unit: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise InputError(f"{key}={value}: {unit}, a number from {least:g} to {most:g}")
    return number
