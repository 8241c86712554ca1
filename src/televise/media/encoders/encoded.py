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
    """A decoded picture at its media time, ``captured`` at Unix nanoseconds.

    All encoders share its frame: nobody may change it. ``rotation`` is by how many degrees,
    counter-clockwise, it must be turned; ``pixel_aspect`` the width of a pixel over its height.
    """

    frame: av.VideoFrame
    seconds: float
    duration: float
    captured: int
    rotation: int = 0
    pixel_aspect: float = 1.0

    @property
    def shown_size(self) -> tuple[float, float]:
        """Width and height as they are shown, in square pixels; no pixel is lost."""
        frame, aspect = self.frame, self.pixel_aspect
        width, height = frame.width * max(1.0, aspect), frame.height / min(1.0, aspect)
        return (height, width) if self.rotation in (90, 270) else (width, height)


@dataclass(frozen=True, slots=True)
class Sound:
    """Decoded sound that begins at ``seconds`` of media time."""

    frame: av.AudioFrame
    seconds: float
    captured: int


class VideoEncoder(Protocol):
    """Encodes pictures of one size."""

    def encode(self, picture: Picture, *, keyframe: bool) -> list[Encoded]:
        """What comes out for this picture, at once; ``keyframe`` asks for one."""
