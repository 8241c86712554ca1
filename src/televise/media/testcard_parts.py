"""The parts of the test picture that move: lines of digits, and the light on the circle's rim."""

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from televise.media.drawing import (
    COMET,
    PANEL,
    RING,
    Colour,
    Floats,
    Plane,
    Planes,
    blit,
    even,
    text,
    to_planes,
)

TAIL = 0.3  # of a turn


class Ciphers:
    """A line of digits, colons and points at a fixed place, on the panel's colour."""

    def __init__(
        self, size: float, colour: Colour, middle: tuple[float, float], template: str
    ) -> None:
        font = ImageFont.load_default(size=size)
        cell = even(font.getlength("0") + size * 0.04)
        widths = [cell if sign == "0" else even(cell * 0.55) for sign in template]
        height = even(size * 0.86)
        left = even(middle[0] - sum(widths) / 2)
        self._x = [left + sum(widths[:n]) for n in range(len(widths))]
        self._y = even(middle[1] - height / 2)
        self._tiles = {}
        for sign, width in zip("0123456789:.", [cell] * 10 + [even(cell * 0.55)] * 2, strict=True):
            tile = np.full((height, width, 3), PANEL, np.uint8)
            text(tile, sign, size, colour, (width / 2, height / 2), bold=True)
            self._tiles[sign] = to_planes(tile)

    def write(self, planes: Planes, text: str, first: int) -> None:
        """Puts ``text`` at the places from ``first`` on."""
        for x, sign in zip(self._x[first:], text, strict=False):
            blit(planes, self._tiles[sign], x, self._y)


class Ring:
    """The pixels of the circle's rim in one plane, in the order in which the light passes them.

    Every pixel is listed twice, one turn apart (-1..0 and 0..1), so that a tail is one slice.
    """

    def __init__(self, where: NDArray[np.intp], turn: Floats, still: Plane, gain: Floats) -> None:
        order = np.argsort(turn)
        self._where = np.tile(where[order], 2)
        self._turn = np.concatenate([turn[order] - 1, turn[order]])
        self._still = np.tile(still.ravel()[where[order]].astype(np.float32), 2)
        self._gain = np.tile(gain[order], 2)
        self._pixels = len(where)

    def light(self, plane: Plane, phase: float) -> None:
        """Lights the tail that ends at ``phase`` (0..1 of a turn, from the top, clockwise)."""
        first, last = np.searchsorted(self._turn, (phase - TAIL, phase))
        part = slice(first, last)
        light = (1 + (self._turn[part] - phase) / TAIL) ** 2 * self._gain[part]
        plane.reshape(-1)[self._where[part]] = self._still[part] + light


def rings(
    planes: Planes, at: tuple[int, int], turn: Floats, cover: Floats, size: int
) -> list[Ring]:
    """The rim in all three planes; ``turn`` and ``cover`` describe the luma pixels of the box."""
    colour = to_planes(np.full((2, 2, 3), COMET, np.uint8))
    dim = to_planes(np.full((2, 2, 3), RING, np.uint8))
    quarters = cover.reshape(size // 2, 2, size // 2, 2).mean(axis=(1, 3))
    axis = np.arange(size // 2, dtype=np.float32) - (size / 2 - 1) / 2
    coarse = (np.arctan2(axis[None, :], -axis[:, None]) / (2 * np.pi) % 1).astype(np.float32)
    rings = []
    for n, plane in enumerate(planes):
        step = 1 if n == 0 else 2
        turns, covers = (turn, cover) if n == 0 else (coarse, quarters)
        y, x = np.nonzero(covers > 0.02)
        where = (y + at[1] // step) * plane.shape[1] + x + at[0] // step
        gain = covers[y, x] * (float(colour[n][0, 0]) - float(dim[n][0, 0]))
        rings.append(Ring(where, turns[y, x], plane, gain.astype(np.float32)))
    return rings
