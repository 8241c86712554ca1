"""GIF frames: the whole picture for those who join, and between them what has changed.

A viewer draws each frame over the ones before it. A still scene costs next to nothing: a frame of
one transparent pixel as a sign of life, and rarely the whole picture again.
"""

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from televise.formats import gif
from televise.media.encoders.encoded import Encoded, Picture
from televise.media.encoders.palette import NO_COLOUR, Dither, Indices, Palette, Pixels
from televise.media.shaper import Shaper
from televise.model.track import Track

TIMESCALE = 90_000
DEFAULT_COLOURS = 256
# Where more of the picture than this has changed, all of it is sent.
MUCH = 0.5
# A viewer that joins is sent all since the last whole picture, and shows each of it for 20 ms.
MAX_PARTS, MAX_SECONDS = 20, 5.0
# A still scene: a sign of life so often, and its whole picture again at no more than this.
LIFE_SECONDS, STILL_BYTES_PER_SECOND = 2.0, 1000
# A palette is replaced where its error has grown like this, but not more often than that.
WORSE, GOOD_ERROR, PALETTE_SECONDS = 1.5, 2.0, 1.0
# A part with more pixels than this is not worth a smaller colour table.
SMALL = 1 << 16

# What a colour table holds where there is no colour.
_NO_COLOURS = np.zeros((256, 3), np.uint8)
LIFE = gif.frame(gif.Rectangle(0, 0, 1, 1), bytes(6), bytes.fromhex("0202440100"), transparent=0)

Area = tuple[slice, slice]


class GifEncoder:
    """Encodes pictures as frames of one endless GIF; ``colors`` 2 to 256, 0 for 256."""

    def __init__(self, width: int, height: int, colors: int, dither: bool, reason: str) -> None:
        self._shaper = Shaper(width, height, "bgra", full_range=True)
        self._canvas = Canvas(width, height, colors or DEFAULT_COLOURS, dither)
        self._schedule = Schedule()
        self._track = Track("video", "gif", TIMESCALE, width=width, height=height, reason=reason)

    def encode(self, picture: Picture, *, keyframe: bool) -> list[Encoded]:
        """What a viewer needs to see this picture too; nothing where it already does."""
        pixels = _pixels(self._shaper.shape(picture))
        changed = self._canvas.paint(pixels, picture.seconds)
        due = self._schedule.is_whole_due(picture.seconds, changed > 0)
        whole = keyframe or due or changed > MUCH
        if whole:
            data = self._canvas.whole()
        elif changed:
            data = self._canvas.part()
        elif self._schedule.is_life_due(picture.seconds):
            data = LIFE
        else:
            return []
        self._schedule.sent(picture.seconds, len(data), whole)
        return [self._encoded(picture, data, whole)]

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


class Canvas:
    """What viewers see, as indices into a palette that is kept while it serves well."""

    def __init__(self, width: int, height: int, colors: int, dither: bool) -> None:
        self._all: Area = slice(0, height), slice(0, width)
        self._colors = colors
        self._dither = Dither(width, height, colors) if dither else None
        self._palette: Palette | None = None
        self._palette_at = self._good = 0.0
        self._pixels: Pixels = np.zeros((height, width), np.uint32)
        self._shown: Indices = np.zeros((height, width), np.uint8)
        self._place: Area = self._all
        self._is_new: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)

    def paint(self, pixels: Pixels, seconds: float) -> float:
        """Show ``pixels``. Returns how much of the picture has changed, from 0 to 1."""
        before, self._pixels = self._pixels, pixels
        if self._palette is None:
            return self._begin(seconds)
        area = _box(before != pixels, self._all)
        if area is None:
            return 0.0
        indices = self._look_up(self._palette, area)
        is_new = indices != self._shown[area]
        self._shown[area] = indices
        if self._is_worse(self._palette, seconds):
            return self._begin(seconds)
        box = _box(is_new, area)
        if box is None:
            return 0.0
        self._place, self._is_new = box, _cut(is_new, area, box)
        return float(np.count_nonzero(is_new) / self._shown.size)

    def whole(self) -> bytes:
        """The frame that shows everything."""
        assert self._palette is not None
        # The table has the same size for all, even where the picture has fewer colours.
        entries = 1 << (self._colors - 1).bit_length()
        colours = self._palette.colours.tobytes().ljust(3 * entries, b"\0")
        return gif.frame(_rectangle(self._all), colours, _compress(self._shown))

    def part(self) -> bytes:
        """The frame that shows what the last `paint` has changed."""
        assert self._palette is not None
        indices = np.where(self._is_new, self._shown[self._place], np.uint8(NO_COLOUR))
        colours = np.concatenate((self._palette.colours, _NO_COLOURS))[: NO_COLOUR + 1]
        transparent = NO_COLOUR
        if indices.size <= SMALL:
            used = np.flatnonzero(np.bincount(indices.ravel(), minlength=256))
            indices, colours = _renumber(indices, used), colours[used]
            transparent = len(used) - 1
        has_gaps = not self._is_new.all()
        return gif.frame(
            _rectangle(self._place),
            colours.tobytes(),
            _compress(indices),
            transparent if has_gaps else None,
        )

    def _begin(self, seconds: float) -> float:
        """Choose colours anew."""
        self._palette = Palette(self._pixels, self._colors)
        self._palette_at = seconds
        self._shown = self._look_up(self._palette, self._all)
        self._good = self._palette.error(self._pixels, self._shown)
        return 1.0

    def _look_up(self, palette: Palette, area: Area) -> Indices:
        pixels = self._pixels[area]
        return palette.indices(self._dither.shift(pixels, area) if self._dither else pixels)

    def _is_worse(self, palette: Palette, seconds: float) -> bool:
        if seconds - self._palette_at < PALETTE_SECONDS:
            return False
        return palette.error(self._pixels, self._shown) > WORSE * self._good + GOOD_ERROR


def _pixels(frame: av.VideoFrame) -> Pixels:
    """The pixels of a frame in bgra, without a copy."""
    plane = frame.planes[0]
    pixels = np.frombuffer(memoryview(plane), "<u4")
    return pixels.reshape(plane.height, -1)[:, : plane.width]


def _box(is_new: NDArray[np.bool_], area: Area) -> Area | None:
    """The smallest part of ``area`` that holds all that is new in it."""
    rows = np.flatnonzero(is_new.any(1))
    if not len(rows):
        return None
    columns = np.flatnonzero(is_new[rows[0] : rows[-1] + 1].any(0))
    top, left = area[0].start, area[1].start
    return (
        slice(top + int(rows[0]), top + int(rows[-1]) + 1),
        slice(left + int(columns[0]), left + int(columns[-1]) + 1),
    )


def _cut(is_new: NDArray[np.bool_], area: Area, box: Area) -> NDArray[np.bool_]:
    """The part of ``is_new``, which belongs to ``area``, that belongs to ``box``."""
    top, left = area[0].start, area[1].start
    return is_new[box[0].start - top : box[0].stop - top, box[1].start - left : box[1].stop - left]


def _renumber(indices: Indices, used: NDArray[np.intp]) -> Indices:
    """``indices`` as positions in ``used``."""
    positions = np.zeros(256, np.uint8)
    positions[used] = np.arange(len(used))
    return positions[indices]


def _compress(indices: Indices) -> bytes:
    """Image data by Pillow, whose codes begin with 9 bits."""
    height, width = indices.shape
    picture = Image.frombuffer(
        "P", (width, height), np.ascontiguousarray(indices), "raw", "P", 0, 1
    )
    return b"\x08" + picture.tobytes("gif", "P", 8, 0) + b"\0"


def _rectangle(area: Area) -> gif.Rectangle:
    rows, columns = area
    width, height = columns.stop - columns.start, rows.stop - rows.start
    return gif.Rectangle(columns.start, rows.start, width, height)
