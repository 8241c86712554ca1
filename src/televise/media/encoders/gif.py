"""GIF frames: the whole picture for those who join, and between them what has changed.

A viewer draws each frame over the ones before it. A still scene costs next to nothing: a frame of
one transparent pixel as a sign of life, and rarely the whole picture again.
"""

import av
import numpy as np

from televise.formats import gif
from televise.media.encoders.canvas import Canvas
from televise.media.encoders.encoded import Encoded, Picture
from televise.media.encoders.palette import Pixels
from televise.media.shaper import Shaper
from televise.model.track import Track

TIMESCALE = 90_000
DEFAULT_COLOURS, DEFAULT_WIDTH = 256, 480
# A viewer that joins is sent all since the last whole picture, and shows each of it for 20 ms.
MAX_PARTS, MAX_SECONDS = 20, 5.0
# A still scene: a sign of life so often, before viewers take it for a standstill (2 s) and whenever
# a source repeats a still picture (1 s); its whole picture again at no more than this.
LIFE_SECONDS, STILL_BYTES_PER_SECOND = 0.9, 1000

LIFE = gif.frame(gif.Rectangle(0, 0, 1, 1), bytes(6), bytes.fromhex("0202440100"), transparent=0)


class GifEncoder:
    """Encodes pictures as frames of one endless GIF; ``colors`` 2 to 256, 0 for 256. Where the
    ``shown`` size is smaller there is black around them."""

    def __init__(
        self,
        width: int,
        height: int,
        colors: int,
        dither: bool,
        reason: str,
        shown: tuple[int, int] | None = None,
    ) -> None:
        inside = shown or (width, height)
        self._shaper = Shaper(*inside, "bgra", full_range=True)
        self._margins = [_margins(height - inside[1]), _margins(width - inside[0])]
        self._canvas = Canvas(width, height, colors or DEFAULT_COLOURS, dither)
        self._schedule = Schedule()
        self._track = Track("video", "gif", TIMESCALE, width=width, height=height, reason=reason)

    def encode(self, picture: Picture, *, keyframe: bool) -> list[Encoded]:
        """What a viewer needs to see this picture too; nothing where it already does."""
        pixels, seconds = self._pixels(picture), picture.seconds
        whole = self._canvas.is_another(pixels, seconds) or keyframe
        changed = whole or self._canvas.paint(pixels)
        whole = whole or self._schedule.is_whole_due(seconds, changed)
        if whole:
            data = self._canvas.whole(pixels, seconds)
        elif changed:
            data = self._canvas.part()
        elif self._schedule.is_life_due(seconds):
            data = LIFE
        else:
            return []
        self._schedule.sent(seconds, len(data), whole)
        return [self._encoded(picture, data, whole)]

    def _pixels(self, picture: Picture) -> Pixels:
        pixels = _pixels(self._shaper.shape(picture))
        return np.pad(pixels, self._margins) if any(map(any, self._margins)) else pixels

    def _encoded(self, picture: Picture, data: bytes, whole: bool) -> Encoded:
        ticks = round(picture.seconds * TIMESCALE)
        duration = round(picture.duration * TIMESCALE)
        return Encoded(
            self._track, data, ticks, ticks, duration, whole, picture.captured, picture.seconds
        )


class Schedule:
    """When a whole picture is due, and when a sign of life. Times are seconds of media."""

    def __init__(self) -> None:
        self._sent_at = float("-inf")
        self._whole_at = float("-inf")
        self._whole_bytes = 0
        self._parts: list[int] = []

    def is_whole_due(self, seconds: float, changed: bool) -> bool:
        """Whether it is time for a whole picture."""
        age = seconds - self._whole_at
        if not changed:
            return age >= max(MAX_SECONDS, self._whole_bytes / STILL_BYTES_PER_SECOND)
        too_much = sum(self._parts) > self._whole_bytes or len(self._parts) >= MAX_PARTS
        return too_much or age >= MAX_SECONDS

    def is_life_due(self, seconds: float) -> bool:
        """Whether nothing has been sent for long."""
        return seconds - self._sent_at >= LIFE_SECONDS

    def sent(self, seconds: float, size: int, whole: bool) -> None:
        """A frame of ``size`` bytes has been sent."""
        self._sent_at = seconds
        if whole:
            self._whole_at, self._whole_bytes, self._parts = seconds, size, []
        else:
            self._parts.append(size)


def usual_size(width: int, height: int) -> tuple[int, int]:
    """The size in pixels where none is asked for: never larger than the source's own."""
    scale = min(1.0, DEFAULT_WIDTH / width)
    return round(width * scale), round(height * scale)


def _pixels(frame: av.VideoFrame) -> Pixels:
    """The pixels of a frame in bgra, without a copy."""
    plane = frame.planes[0]
    pixels = np.frombuffer(memoryview(plane), "<u4")
    return pixels.reshape(plane.height, -1)[:, : plane.width]


def _margins(count: int) -> tuple[int, int]:
    """So many pixels on both sides."""
    return count // 2, count - count // 2
