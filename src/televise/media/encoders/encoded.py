"""Encoded: one packet before it belongs to an epoch; and what an encoder is."""

from dataclasses import dataclass
from typing import Protocol

import av

from televise.model.track import Track


@dataclass(frozen=True, slots=True)
class Encoded:
    """``pts``, ``dts``, ``duration`` in the track's time base; ``seconds``: dts in media time."""

    track: Track
    data: bytes
    pts: int
    dts: int
    duration: int
    keyframe: bool
    captured: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture at its media time, ``captured`` at Unix nanoseconds."""

    frame: av.VideoFrame
    seconds: float
    duration: float
    captured: int
    rotation: int = 0


class VideoEncoder(Protocol):
    """Encodes pictures of one size."""

    def encode(self, picture: Picture, *, keyframe: bool) -> list[Encoded]:
        """What comes out for this picture, at once; ``keyframe`` asks for one."""
