"""Palette: few colours for a picture, and a table that finds them fast.

A picture of few colours, such as a plot, is looked up by exact colour, in a table that is filled as
colours turn up; any other by *cell*: the upper 5 bits of red, green and blue. So a palette serves
the pictures after the one that it was made for, too.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint32]
Indices = NDArray[np.uint8]
_Places = NDArray[np.intp]
_Floats = NDArray[np.float32]

MAX_COLOURS = 255
# The index that is no colour. In the table, which counts from 1, it is 0.
NO_COLOUR = 255
# What counts as few colours, exactly and in cells.
FEW, FEW_CELLS = 4096, 1500
_CELLS, _EXACT = 1 << 16, 1 << 24
_CELL_BITS, _BRINGS_TOGETHER = np.uint32(0xF8F8F8), np.uint32(0x2101)
# The middles of all blocks of 2x2x2 cells, and what leads from there to each of the eight.
_LEVELS = np.arange(8, 256, 16, dtype=np.uint32)
_MIDDLES = (
    (_LEVELS[:, None, None] << 16 | _LEVELS[:, None] << 8 | _LEVELS).ravel().astype(np.uint32)
)
_TO_CELLS = [np.uint32(r | g | b) for r in (0, 8 << 16) for g in (0, 8 << 8) for b in (0, 8)]
_REFINEMENTS = 2
# How far the dither of 256 colours shifts a pixel, from the lowest to the highest.
_STRENGTH = 16
# So few rows of points at a time stay in the processor's cache, and with one thread; so few of
# a picture, too.
_ROWS, _BAND = 256, 45


class Palette:
    """At most ``count`` colours that serve ``pixels`` (0xRRGGBB, upper bits free) best.

    ``colours`` are rows of red, green, blue; ``exact`` says that ``pixels`` have so few colours
    that each of them is looked up by itself.
    """

    def __init__(self, pixels: Pixels, count: int) -> None:
        points, weights, self.exact = _histogram(pixels)
        self.colours = np.rint(_choose(points, weights, min(count, MAX_COLOURS))).astype(np.uint8)
        self._table = np.zeros(_EXACT, np.uint8) if self.exact else self._cell_table()
        self._enter(self._find(_packed(points)), points)

    def indices(self, pixels: Pixels) -> Indices:
        """The index of the nearest colour of each pixel."""
        indices = np.empty(pixels.shape, np.uint8)
        for rows in bands(len(pixels)):
            # Nothing is clipped: it is the fastest way to take.
            self._table.take(self._find(pixels[rows]), out=indices[rows], mode="clip")
        if indices.size and not indices.min():
            unknown = indices == 0
            indices[unknown] = self._learn(self._find(pixels[unknown]))
        indices -= 1
        return indices

    def error(self, pixels: Pixels, indices: Indices) -> float:
        """Mean squared distance of ``indices`` from ``pixels``."""
        shown = self.colours[indices]
        away = [(pixels >> 8 * (2 - n) & 0xFF).astype(np.int32) - shown[..., n] for n in range(3)]
        return float(np.mean(sum(part * part for part in away)))

    def _find(self, pixels: Pixels) -> _Places:
        places = pixels & 0xFFFFFF if self.exact else _cells(pixels)
        return places.astype(np.intp)

    def _cell_table(self) -> Indices:
        """A table of all cells, by the *block* of 2x2x2 cells in which each lies: near enough for
        colours that only turn up later."""
        table = np.zeros(_CELLS, np.uint8)
        nearest = _nearest(_unpacked(_MIDDLES), self.colours.astype(np.float32)) + 1
        for way in _TO_CELLS:
            table[_cells(np.bitwise_xor(_MIDDLES, way))] = nearest
        return table

    def _learn(self, places: _Places) -> Indices:
        """What the exact table has at ``places``, now that it has been filled there."""
        found = np.unique(places)
        self._enter(found, _unpacked(found.astype(np.uint32)))
        return self._table.take(places)

    def _enter(self, places: _Places, points: _Floats) -> None:
        self._table[places] = _nearest(points, self.colours.astype(np.float32)) + 1


class Dither:
    """An ordered dither: shifts the colours of pixels by a pattern that is always the same."""

    def __init__(self, width: int, height: int, count: int) -> None:
        order = np.zeros((1, 1))
        for _ in range(3):
            order = np.block([[4 * order, 4 * order + 2], [4 * order + 3, 4 * order + 1]])
        pattern = (order + 0.5) / order.size - 0.5
        tiled = np.tile(pattern, (height // 8 + 1, width // 8 + 1))[:height, :width, np.newaxis]
        self._shifts = np.rint(tiled * _STRENGTH * (256 / count) ** (1 / 3)).astype(np.int16)

    def shift(self, pixels: Pixels, area: tuple[slice, slice]) -> Pixels:
        """The ``pixels`` of ``area``, shifted."""
        channels = np.ascontiguousarray(pixels).view(np.uint8).reshape(*pixels.shape, 4)
        shifted = np.clip(channels + self._shifts[area], 0, 255).astype(np.uint8)
        seen: Pixels = shifted.view(np.uint32)[..., 0]
        return seen


def bands(height: int) -> Iterator[slice]:
    """Slices of some rows each: so much at a time stays in the processor's cache."""
    for start in range(0, height, _BAND):
        yield slice(start, start + _BAND)


def _cells(pixels: Pixels) -> Pixels:
    """The cell of each pixel. One multiplication gives each of them a number of its own."""
    cells = pixels & _CELL_BITS
    cells *= _BRINGS_TOGETHER
    cells >>= np.uint32(16)
    return cells


def _histogram(pixels: Pixels) -> tuple[_Floats, _Floats, bool]:
    """Colours, how often each occurs, and whether these are all; else they are cells' means."""
    places = _cells(pixels).ravel().astype(np.intp)
    counts = np.bincount(places, minlength=_CELLS)
    found = np.flatnonzero(counts)
    if len(found) <= FEW_CELLS:
        exact, often = np.unique(pixels & 0xFFFFFF, return_counts=True)
        if len(exact) <= FEW:
            return _unpacked(exact), often.astype(np.float32), True
    channels = [(pixels >> shift & 0xFF).ravel().astype(np.float64) for shift in (16, 8, 0)]
    sums = np.stack([np.bincount(places, channel, _CELLS)[found] for channel in channels], 1)
    often = counts[found]
    means = (sums / often[:, np.newaxis]).astype(np.float32)
    return means, often.astype(np.float32), False


def _unpacked(colours: Pixels) -> _Floats:
    return np.stack([colours >> shift & 0xFF for shift in (16, 8, 0)], 1).astype(np.float32)


def _packed(points: _Floats) -> Pixels:
    red, green, blue = points.astype(np.uint32).T
    packed: Pixels = red << 16 | green << 8 | blue
    return packed


def _choose(points: _Floats, weights: _Floats, count: int) -> _Floats:
    """Up to ``count`` colours: groups split in two where that helps most, then refined."""
    if len(points) <= count:
        return points
    groups, number = np.zeros(len(points), np.intp), 1
    while number < count:
        groups, after = _split(points, weights, groups, number, count)
        if after == number:
            break
        number = after
    colours = _means(points, weights, groups, number)
    for _ in range(_REFINEMENTS):
        groups = _nearest(points, colours)
        used = np.bincount(groups, minlength=number)[:, np.newaxis] > 0
        colours = np.where(used, _means(points, weights, groups, number), colours)
    return colours


def _split(
    points: _Floats, weights: _Floats, groups: _Places, number: int, count: int
) -> tuple[_Places, int]:
    """Cut the worst groups at their mean, across the direction in which they are widest."""
    away = points - _means(points, weights, groups, number)[groups]
    spread = _sums(away * away, weights, groups, number)
    badness = spread.max(1)
    worst = np.argsort(-badness)[: min(count - number, max(1, number // 2))]
    worst = worst[badness[worst] > 1e-3]
    renamed = np.full(number, -1)
    renamed[worst] = np.arange(len(worst)) + number
    across = np.take_along_axis(away, spread.argmax(1)[groups, np.newaxis], 1)[:, 0]
    moved = (across > 0) & (renamed[groups] >= 0)
    return np.where(moved, renamed[groups], groups), number + len(worst)


def _means(points: _Floats, weights: _Floats, groups: _Places, number: int) -> _Floats:
    totals = np.maximum(np.bincount(groups, weights, number), 1e-9)
    sums = _sums(points, weights, groups, number)
    return (sums / totals[:, np.newaxis]).astype(np.float32)


def _sums(values: _Floats, weights: _Floats, groups: _Places, number: int) -> NDArray[np.float64]:
    """The weighted sum of each column over each group."""
    columns = [np.bincount(groups, weights * column, number) for column in values.T]
    return np.stack(columns, 1)


def _nearest(points: _Floats, colours: _Floats) -> _Places:
    """The index of the nearest colour of each point."""
    nearest = np.empty(len(points), np.intp)
    lengths = (colours * colours).sum(1)
    for start in range(0, len(points), _ROWS):
        score = lengths - 2 * (points[start : start + _ROWS] @ colours.T)
        nearest[start : start + _ROWS] = score.argmin(1)
    return nearest
