"""SourceSpec: what a user types for a source, understood without opening it."""

from dataclasses import dataclass, field
from pathlib import PurePath
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from televise.errors import InputError
from televise.model.name import check_name, derive_name

PULL_SCHEMES = ("rtsp", "rtmp", "http", "https")
SCHEMES = ("pattern:", "-", *(f"{scheme}://" for scheme in PULL_SCHEMES))
_KNOWN = "a file, '-', pattern:, " + ", ".join(f"{scheme}://" for scheme in PULL_SCHEMES)


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source as typed: ``kind`` is pattern, file, stdin or pull; ``shown`` hides passwords."""

    kind: str
    text: str = field(repr=False)
    name: str
    shown: str


@dataclass(frozen=True, slots=True)
class PatternOptions:
    """``pattern:?size=1280x720&fps=30&tone=440``: pixels, pictures a second, hertz (0: silent)."""

    width: int = 1280
    height: int = 720
    fps: float = 30.0
    tone: float = 0.0


def parse_source(argument: str) -> SourceSpec:
    """Understand ``[NAME=]SOURCE``; InputError where it cannot be one."""
    name, text = _split_name(argument)
    kind, default_name, shown = _classify(text)
    return SourceSpec(kind, text, check_name(name) if name else derive_name(default_name), shown)


def parse_pattern(text: str) -> PatternOptions:
    """The options of a ``pattern:`` source; InputError names what is wrong and what is known."""
    rest = text.removeprefix("pattern:").removeprefix("?")
    try:
        pairs = parse_qsl(rest, keep_blank_values=True, strict_parsing=bool(rest))
    except ValueError:
        pairs = [("", "\n")]
    if not all(part.isprintable() for pair in pairs for part in pair):
        raise InputError(f"{text!r}: write options as pattern:?size=1280x720&fps=30&tone=440")
    values = PatternOptions()
    width, height, fps, tone = values.width, values.height, values.fps, values.tone
    for key, value in pairs:
        if key == "size":
            width, height = _size(value)
        elif key == "fps":
            fps = _number(key, value, 1, 120, "pictures per second")
        elif key == "tone":
            tone = 0.0 if value == "0" else _number(key, value, 20, 20_000, "hertz")
        else:
            raise InputError(f"pattern: has no option {key!r}; it knows size, fps and tone")
    return PatternOptions(width, height, fps, tone)


def _split_name(argument: str) -> tuple[str, str]:
    """``NAME=SOURCE`` in two; an '=' inside a path, query or URL belongs to the source."""
    name, equals, rest = argument.partition("=")
    if not equals or any(mark in name for mark in ":/\\?"):
        return "", argument
    if not rest:
        raise InputError(f"{argument!r} names no source: write NAME=SOURCE, SOURCE being {_KNOWN}")
    check_name(name)
    return name, rest


def _classify(text: str) -> tuple[str, str, str]:
    """Kind, default channel name, and the text without secrets."""
    if not text:
        raise InputError(f"an empty source: use {_KNOWN}")
    if text == "-":
        return "stdin", "stdin", text
    scheme, colon, _ = text.partition(":")
    if scheme == "pattern" and colon:
        parse_pattern(text)
        return "pattern", "pattern", text
    if "://" in text:
        return _classify_url(text)
    if colon and len(scheme) > 1 and scheme.isalnum() and not PurePath(text).suffix:
        raise InputError(f"unknown source {text!r}: use {_KNOWN}")
    return "file", PurePath(text).stem, text


def _classify_url(text: str) -> tuple[str, str, str]:
    try:
        url = urlsplit(text)
        host = url.hostname
        port = url.port
    except ValueError:
        # Python's own message may name a part of the password.
        raise InputError(
            "bad URL: wrong host or port; in a password write %2F %3F %23 %5B %5D for / ? # [ ]"
        ) from None
    if url.scheme not in PULL_SCHEMES:
        raise InputError(f"unknown source scheme {url.scheme}://: use {_KNOWN}")
    if "@" in url.fragment:
        raise InputError("bad URL: write %23 for a # in it")
    if not host:
        raise InputError(f"{url.scheme}:// needs a host, as in {url.scheme}://camera.local/stream")
    place = f"[{host}]" if ":" in host else host
    place = place if port is None else f"{place}:{port}"
    place = f"***@{place}" if "@" in url.netloc else place
    path, name = url.path, PurePath(url.path).stem or host
    if url.scheme == "rtmp":
        # What follows the application is the stream's key, a secret at most services.
        application, slash, key = path.strip("/").partition("/")
        path, name = f"/{application}{slash}{'***' if key else ''}", host
    shown = urlunsplit((url.scheme, place, path, "***" if url.query else "", ""))
    return "pull", name, shown


def _size(value: str) -> tuple[int, int]:
    width, _, height = value.partition("x")
    if not (width.isdecimal() and height.isdecimal() and len(value) < 12):
        raise InputError(f"size={value}: write WIDTHxHEIGHT, as in size=1280x720")
    w, h = int(width), int(height)
    if not (160 <= w <= 4096 and 120 <= h <= 2304) or w % 2 or h % 2:
        raise InputError(f"size={value}: even numbers from 160x120 to 4096x2304")
    return w, h


def _number(key: str, value: str, least: float, most: float, unit: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise InputError(f"{key}={value}: {unit}, a number from {least:g} to {most:g}")
    return number
