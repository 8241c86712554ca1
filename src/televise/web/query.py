"""The query of a stream's URL: ``?w=640&h=360&fps=10&q=70&bitrate=1M&max_latency=300ms``."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from televise.errors import InputError
from televise.hub.muxed import MAX_LATENCY_SECONDS
from televise.model.rendition import Rendition

MAX_FIELDS = 100
_WHOLE = ("w", "h", "q")
_FACTORS = {"k": 1_000, "M": 1_000_000}


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked for; ``max_latency`` is in seconds, None where not given."""

    values: dict[str, Any] = field(default_factory=dict)
    max_latency: float | None = None

    def rendition(self, video: str, audio: str = "") -> Rendition:
        """The rendition in these codecs; what means nothing to them does not make it another."""
        meaningless = {"mjpeg": "bitrate", "h264": "q"}[video]
        values = {key: value for key, value in self.values.items() if key != meaningless}
        # All are checked, those without meaning too.
        Rendition(video, audio, **self.values)
        return Rendition(video, audio, **values)


def parse_query(text: str) -> Query:
    """Understand the keys that a stream has; others are let be. InputError for a bad value."""
    try:
        values = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        raise InputError(f"the query has more than {MAX_FIELDS} values") from None
    rendition: dict[str, Any] = {}
    for key in _WHOLE:
        if key in values:
            rendition[key] = _whole(key, values[key])
    if "fps" in values:
        rendition["fps"] = _fps(values["fps"])
    if "bitrate" in values:
        rendition["bitrate"] = _bitrate(values["bitrate"])
    latency = _latency(values["max_latency"]) if "max_latency" in values else None
    return Query(rendition, latency)


def _whole(key: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) < 8) or int(value) == 0:
        raise _wrong(key, value, f"a whole number above 0, as in {key}=64")
    if key in ("w", "h") and int(value) % 2:
        raise _wrong(key, value, "an even number of pixels")
    return int(value)


def _number(value: str) -> float:
    """What ``value`` says; 0 where it is no number that makes sense."""
    try:
        number = float(value)
    except ValueError:
        return 0.0
    return number if 0 < number < 1e9 else 0.0


def _fps(value: str) -> float:
    if not (number := _number(value)):
        raise _wrong("fps", value, "a number above 0, as in fps=10")
    return number


def _bitrate(value: str) -> int:
    factor = _FACTORS.get(value[-1:], 1)
    number = _number(value[:-1] if factor > 1 else value)
    if not number:
        raise _wrong("bitrate", value, "bits per second, as in bitrate=800k")
    return int(number * factor)


def _latency(value: str) -> float:
    unit = "ms" if value.endswith("ms") else "s"
    if not value.endswith(unit):
        raise _wrong("max_latency", value, "give a unit, as in max_latency=300ms")
    try:
        seconds = float(value.removesuffix(unit)) / (1000 if unit == "ms" else 1)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_LATENCY_SECONDS:
        right = f"from 0s to {MAX_LATENCY_SECONDS:g}s, as in max_latency=300ms"
        raise _wrong("max_latency", value, right)
    return seconds


def _wrong(key: str, value: str, right: str) -> InputError:
    """One line, whatever a stranger has sent."""
    shown = value if value.isprintable() and len(value) <= 40 else ascii(value[:40])
    return InputError(f"{key}={shown}: {right}")
