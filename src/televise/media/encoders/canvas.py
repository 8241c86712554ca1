"""Canvas: the picture as viewers of a GIF see it, and the frames that bring them there."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from televise.formats import gif
from televise.media.encoders.palette import NO_COLOUR, Dither, Indices, Palette, Pixels

# A palette is replaced where its error has grown like this, but not more often than this.
WORSE, GOOD_ERROR, PALETTE_SECONDS = 1.5, 2.0, 1.0
# ... at once where it has grown like this, or where so much light is elsewhere: a scene cut.
MUCH_WORSE, CUT = 4.0, 40.0
# The picture may have become simpler: one that is not good is tried anew.
OLD_SECONDS = 10.0
# A part with more pixels than this is not worth a smaller colour table.
SMALL = 1 << 16

# What a colour table holds where there is no colour.
_NO_COLOURS = np.zeros((256, 3), np.uint8)

Area = tuple[slice, slice]


class Canvas:
    """Indices into a palette that is kept while it serves well."""

    def __init__(self, width: int, height: int, colors: int, dither: bool) -> None:
        self._all: Area = slice(0, height), slice(0, width)
        self._colors = colors
        self._dither = Dither(width, height, colors) if dither else None
        self._palette: Palette | None = None
        self._palette_at = self._first_error = self._error = 0.0
        self._pixels: Pixels = np.zeros((height, width), np.uint32)
        self._shown: Indices = np.zeros((height, width), np.uint8)
        self._place: Area = self._all
        self._is_new: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)

    def paint(self, pixels: Pixels, seconds: float) -> float:
        """Show ``pixels``. Returns how much of the picture has changed, from 0 to 1."""
        before, self._pixels = self._pixels, pixels
        if self._palette is None or _difference(before, pixels) > CUT:
            return self._begin(seconds)
        area = _box(before != pixels, self._all)
        changed = self._change(self._palette, area) if area else 0.0
        return self._begin(seconds) if self._is_bad(seconds, changed) else changed

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
        transparent = None if self._is_new.all() else NO_COLOUR
        if indices.size <= SMALL:
            used = np.flatnonzero(np.bincount(indices.ravel(), minlength=256))
            indices, colours = _renumber(indices, used), colours[used]
            transparent = transparent and len(used) - 1
        place = _rectangle(self._place)
        return gif.frame(place, colours.tobytes(), _compress(indices), transparent)

    def _begin(self, seconds: float) -> float:
        """Choose colours anew."""
        self._palette, self._palette_at = Palette(self._pixels, self._colors), seconds
        self._shown = self._look_up(self._palette, self._all)
        self._first_error = self._error = self._palette.error(self._pixels, self._shown)
        return 1.0

    def _change(self, palette: Palette, area: Area) -> float:
        """Show the new pixels of ``area``."""
        indices = self._look_up(palette, area)
        is_new = indices != self._shown[area]
        self._shown[area] = indices
        self._error = palette.error(self._pixels, self._shown)
        box = _box(is_new, area)
        if box is None:
            return 0.0
        self._place, self._is_new = box, _cut(is_new, area, box)
        return float(np.count_nonzero(is_new) / self._shown.size)

    def _look_up(self, palette: Palette, area: Area) -> Indices:
        pixels = self._pixels[area]
        return palette.indices(self._dither.shift(pixels, area) if self._dither else pixels)

    def _is_bad(self, seconds: float, changed: float) -> bool:
        """Whether the palette should be replaced."""
        age, limit = seconds - self._palette_at, WORSE * self._first_error + GOOD_ERROR
        if age < PALETTE_SECONDS:
            return self._error > MUCH_WORSE * limit
        is_old = changed > 0 and age > OLD_SECONDS
        return self._error > (GOOD_ERROR if is_old else limit)


def _difference(before: Pixels, after: Pixels) -> float:
    """How much two pictures differ in green, on average and by a sample."""
    first, second = ((pixels[::8, ::8] >> 8 & 0xFF).astype(np.int32) for pixels in (before, after))
    return float(np.abs(first - second).mean())


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
