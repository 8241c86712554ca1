"""The query of a stream's URL: ``?w=640&h=360&fps=10&q=70&bitrate=1M&max_latency=300ms``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from televise.errors import InputError
from televise.formats.mpeg1 import MAX_SIDE
from televise.hub.muxed import MAX_LATENCY_SECONDS
from televise.model.rendition import Rendition, limits_of

MAX_FIELDS = 100
MAX_BURST_SECONDS = 10.0
_FACTORS = {"k": 1_000, "M": 1_000_000}
# What each codec has no use for: it does not make another rendition.
_MEANINGLESS = {
    "h264": {"q", "colors", "dither"},
    "mpeg1video": {"q", "colors", "dither"},
    "mjpeg": {"bitrate", "colors", "dither"},
    "gif": {"q", "bitrate"},
    "png": {"q", "bitrate", "colors", "dither"},
}


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked for. ``values`` are fields of a `Rendition`; ``max_latency`` and ``burst``
    are seconds, the former None where not given; ``video`` is '' or h264."""

    values: dict[str, Any] = field(default_factory=dict)
    max_latency: float | None = None
    burst: float = 0.0
    video: str = ""

    def latency(self, usual: float) -> float:
        """How many seconds a viewer may be behind: ``usual`` where it did not say."""
        return usual if self.max_latency is None else self.max_latency

    def rendition(self, video: str, audio: str = "", **defaults: Any) -> Rendition:
        """The rendition in these codecs, with ``defaults`` for what was not asked for."""
        # All are checked, those without meaning too.
        Rendition(video, audio, **self.values)
        if video == "mpeg1video":
            self._check_mpeg1()
        values = {k: v for k, v in self.values.items() if k not in _MEANINGLESS[video]}
        if "w" in values or "h" in values:
            defaults = {k: v for k, v in defaults.items() if k not in ("w", "h")}
        return Rendition(video, audio, **{**defaults, **values})

    def _check_mpeg1(self) -> None:
        if (w := self.values.get("w", 0)) > MAX_SIDE:
            most = MAX_SIDE // 2 * 2
            raise InputError(f"w={w}: even from 16 to {most} (width in pixels in MPEG-1)")


def parse_query(text: str) -> Query:
    """Understand the keys that a stream has; others are let be. InputError for a bad value."""
    given = dict(_fields(text))
    values = {key: parse(key, given[key]) for key, parse in _VALUES.items() if key in given}
    latency = None
    if "max_latency" in given:
        latency = _seconds("max_latency", given["max_latency"], MAX_LATENCY_SECONDS, "300ms")
    burst = _seconds("burst", given.get("burst", "0s"), MAX_BURST_SECONDS, "10s")
    return Query(values, latency, burst, _video(given.get("video", "")))


def keyless(text: str) -> str:
    """The same query without a key, which belongs into no page."""
    return urlencode([(key, value) for key, value in _fields(text) if key != "token"])


def _fields(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InputError(f"the query has more than {MAX_FIELDS} values") from None


def _whole(key: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) < 8) or int(value) == 0:
        raise _wrong(key, value, limits_of(key))
    return int(value)


def _number(value: str) -> float:
    """What ``value`` says; 0 where it is no number that makes sense."""
    try:
        number = float(value)
    except ValueError:
        return 0.0
    return number if 0 < number < 1e9 else 0.0


def _fps(key: str, value: str) -> float:
    if not (number := _number(value)):
        raise _wrong(key, value, limits_of(key))
    return number


def _bitrate(key: str, value: str) -> int:
    factor = _FACTORS.get(value[-1:], 1)
    number = _number(value[:-1] if factor > 1 else value)
    if not number:
        raise _wrong(key, value, f"{limits_of(key)}, as in bitrate=800k")
    return int(number * factor)


def _flag(key: str, value: str) -> bool:
    if value not in ("", "0", "1"):
        raise _wrong(key, value, "1 or 0")
    return value != "0"


def _video(value: str) -> str:
    if value not in ("", "h264", "mpeg1"):
        raise _wrong("video", value, "h264 or mpeg1")
    return value.removeprefix("mpeg1")


def _seconds(key: str, value: str, most: float, example: str) -> float:
    unit = "ms" if value.endswith("ms") else "s"
    if not value.endswith(unit):
        raise _wrong(key, value, f"give a unit, as in {key}={example}")
    try:
        seconds = float(value.removesuffix(unit)) / (1000 if unit == "ms" else 1)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= most:
        raise _wrong(key, value, f"from 0s to {most:g}s, as in {key}={example}")
    return seconds


_VALUES: dict[str, Callable[[str, str], Any]] = {
    "w": _whole,
    "h": _whole,
    "q": _whole,
    "colors": _whole,
    "fps": _fps,
    "bitrate": _bitrate,
    "dither": _flag,
}


def _wrong(key: str, value: str, right: str) -> InputError:
    """One line, whatever a stranger has sent."""
    shown = value if value.isprintable() and len(value) <= 40 else ascii(value[:40])
    return InputError(f"{key}={shown}: {right}")
