"""Path: what passes packets of one codec through, and what it says where that cannot be."""

from collections.abc import Iterator
from typing import Protocol

from televise.errors import Unfit
from televise.media.encoders.encoded import Encoded
from televise.media.unit import Unit
from televise.model.track import Track

VIDEO_TIMESCALE = 90_000
UNTOUCHED = "the source's own, untouched"
# A viewer that joins has to take in everything since the last keyframe.
MAX_KEYFRAME_SECONDS = 10.0


class Path(Protocol):
    """The packets of one track, as they come."""

    def packets(self, unit: Unit) -> Iterator[Encoded]:
        """What ``unit`` is in our form. Unfit where it must be transcoded instead."""


def shown_at_once(track: Track, data: bytes, unit: Unit, *, keyframe: bool) -> Encoded:
    """A picture that is shown when it is decoded."""
    seconds = unit.place.seconds
    ticks = round(seconds * VIDEO_TIMESCALE)
    duration = round(unit.place.duration * VIDEO_TIMESCALE)
    return Encoded(track, data, ticks, ticks, duration, keyframe, unit.captured, seconds)


class Keyframes:
    """Whether they come often enough."""

    def __init__(self) -> None:
        self._seconds: float | None = None

    def check(self, seconds: float, *, keyframe: bool) -> None:
        """A picture, at ``seconds`` of media time. Unfit."""
        if keyframe or self._seconds is None:
            self._seconds = seconds
        elif seconds - self._seconds > MAX_KEYFRAME_SECONDS:
            raise Unfit(f"its keyframes are more than {MAX_KEYFRAME_SECONDS:.0f} s apart")
