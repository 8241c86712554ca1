"""Canvas: the picture as viewers of a GIF see it, and the frames that bring them there."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from televise.formats import gif
from televise.media.encoders.palette import NO_COLOUR, Dither, Indices, Palette, Pixels, bands

# A palette is replaced where its error has grown like this, but not more often than this.
WORSE, GOOD_ERROR, PALETTE_SECONDS = 1.5, 2.0, 1.0
# ... at once where it has grown like this, or where so much light is elsewhere: a scene cut.
MUCH_WORSE, CUT = 4.0, 40.0
# The picture may have become simpler: one that is not good is tried anew.
OLD_SECONDS = 10.0
# Where more of the picture than this has changed, or is about to, all of it takes less time.
MUCH = 0.6
# A pixel stays while it moves by no more than so many times what its palette is wrong by, and by no
# more than the eye forgives.
TOLERANCE, MAX_TOLERANCE = 2.0, 10.0
# A part with more pixels than this is not worth a smaller colour table.
SMALL = 1 << 16

# So many pixels tell enough of the whole.
_SAMPLES = 3600
# What a colour table holds where there is no colour.
_NO_COLOURS = np.zeros((256, 3), np.uint8)

Area = tuple[slice, slice]
_Mask = NDArray[np.bool_]
_Value = TypeVar("_Value", np.uint8, np.uint32)


class Canvas:
    """Indices into a palette that is kept while it serves well."""

    def __init__(self, width: int, height: int, colors: int, dither: bool) -> None:
        self._all: Area = slice(0, height), slice(0, width)
        step = max(1, int((width * height / _SAMPLES) ** 0.5))
        self._sample: Area = slice(None, None, step), slice(None, None, step)
        self._colors = colors
        self._dither = Dither(width, height, colors) if dither else None
        self._palette: Palette | None = None
        self._palette_at = self._usual_error = 0.0
        self._tolerance = np.uint8(0)
        self._shown: Indices = np.zeros((height, width), np.uint8)
        # The pixels that are shown, before they were given a colour of the palette.
        self._meant: Pixels = np.zeros((height, width), np.uint32)
        # Where the last `paint` has changed something, and what: no colour where it has not.
        self._place: Area = self._all
        self._part: Indices = np.zeros((0, 0), np.uint8)

    def is_another(self, pixels: Pixels, seconds: float) -> bool:
        """Whether ``pixels`` have so little in common with what is shown that all must be sent."""
        sample, meant = pixels[self._sample].copy(), self._meant[self._sample].copy()
        # A fade is not to go on until all pixels have come to the end of what is tolerated.
        changed = float(_differ(sample, meant, self._tolerance // np.uint8(2)).mean())
        if self._palette is not None:
            error = self._palette.error(meant, self._shown[self._sample])
            if _difference(sample, meant) > CUT or self._is_bad(error, seconds, changed > 0):
                self._palette = None
        return self._palette is None or changed > MUCH

    def paint(self, pixels: Pixels) -> bool:
        """Show what has changed; False where nothing has."""
        assert self._palette is not None
        has_moved = _differ(pixels, self._meant, self._tolerance)
        if (area := _box(has_moved)) is None:
            return False
        indices, has_moved = self._look_up(self._palette, pixels[area], area), has_moved[area]
        if self._tolerance:
            _replace(self._meant[area], pixels[area], has_moved)
        else:
            self._meant = pixels
        is_new = has_moved & (indices != self._shown[area])
        _replace(self._shown[area], indices, is_new)
        self._place, self._part = area, np.full_like(indices, NO_COLOUR)
        _replace(self._part, indices, is_new)
        return bool(is_new.any())

    def whole(self, pixels: Pixels, seconds: float) -> bytes:
        """Show all ``pixels``, by a frame that needs none before it."""
        if self._palette is None:
            self._palette = self._choose(pixels, seconds)
        self._shown = self._look_up(self._palette, pixels, self._all)
        self._meant = pixels.copy()
        # The table has the same size for all, even where the picture has fewer colours.
        entries = 1 << (self._colors - 1).bit_length()
        colours = self._palette.colours.tobytes().ljust(3 * entries, b"\0")
        return gif.frame(_rectangle(self._all), colours, _compress(self._shown))

    def part(self) -> bytes:
        """The frame that shows what the last `paint` has changed."""
        assert self._palette is not None
        indices, place = self._part, _rectangle(self._place)
        colours = np.concatenate((self._palette.colours, _NO_COLOURS))[: NO_COLOUR + 1]
        transparent = NO_COLOUR if indices.max() == NO_COLOUR else None
        if indices.size <= SMALL:
            used = np.flatnonzero(np.bincount(indices.ravel(), minlength=256))
            indices, colours = _renumber(indices, used), colours[used]
            transparent = transparent and len(used) - 1
        return gif.frame(place, colours.tobytes(), _compress(indices), transparent)

    def _choose(self, pixels: Pixels, seconds: float) -> Palette:
        """A palette for ``pixels``, and what goes with it."""
        palette, sample = Palette(pixels, self._colors), pixels[self._sample]
        self._palette_at = seconds
        self._usual_error = palette.error(sample, palette.indices(sample))
        usual = 0.0 if palette.exact else (self._usual_error / 3) ** 0.5
        self._tolerance = np.uint8(min(TOLERANCE * usual, MAX_TOLERANCE))
        return palette

    def _look_up(self, palette: Palette, pixels: Pixels, area: Area) -> Indices:
        return palette.indices(self._dither.shift(pixels, area) if self._dither else pixels)

    def _is_bad(self, error: float, seconds: float, has_changed: bool) -> bool:
        """Whether the palette should be replaced."""
        age, limit = seconds - self._palette_at, WORSE * self._usual_error + GOOD_ERROR
        if age < PALETTE_SECONDS:
            return error > MUCH_WORSE * limit
        is_old = has_changed and age > OLD_SECONDS
        return error > (GOOD_ERROR if is_old else limit)


def _differ(first: Pixels, second: Pixels, tolerance: np.uint8) -> _Mask:
    """Where red, green or blue are further apart than ``tolerance``."""
    if not tolerance:
        return np.not_equal(first, second)
    differ = np.empty(first.shape, np.bool_)
    for rows in bands(len(first)):
        one, other = first[rows].view(np.uint8), second[rows].view(np.uint8)
        is_apart = np.maximum(one, other) - np.minimum(one, other) > tolerance
        np.not_equal(is_apart.view(np.uint32), 0, out=differ[rows])
    return differ


def _replace(old: NDArray[_Value], new: NDArray[_Value], is_new: _Mask) -> None:
    """What `np.copyto` does; its branches take long where what is new lies scattered."""
    for rows in bands(len(old)):
        mask = -is_new[rows].astype(old.dtype)
        old[rows] ^= (old[rows] ^ new[rows]) & mask


def _difference(before: Pixels, after: Pixels) -> float:
    """How much two pictures differ in green, on average."""
    first, second = ((pixels >> 8 & 0xFF).astype(np.int32) for pixels in (before, after))
    return float(np.abs(first - second).mean())


def _box(is_new: _Mask) -> Area | None:
    """The smallest area that holds all that is new, if anything is."""
    rows, columns = np.flatnonzero(is_new.any(1)), np.flatnonzero(is_new.any(0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


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
