"""Painting on arrays of RGB pixels, and turning them into the planes of a video picture.

Planes are BT.601, limited range: Y 16..235, U and V 16..240, neutral 128; each chroma sample is the
mean of 2x2 pixels (yuv420p).
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Plane: TypeAlias = NDArray[np.uint8]
Planes: TypeAlias = tuple[Plane, Plane, Plane]
Floats: TypeAlias = NDArray[np.float32]
Colour: TypeAlias = tuple[int, int, int]

SKY, GROUND, LINE = (27, 36, 58), (11, 15, 26), (47, 60, 88)
PANEL, RING, COMET = (13, 17, 27), (44, 55, 80), (255, 196, 104)
TEXT, QUIET, FAINT, LAMP = (240, 243, 248), (138, 150, 174), (46, 55, 76), (255, 92, 72)

_TO_YUV = np.array(
    [
        [65.481, 128.553, 24.966],
        [-37.797, -74.203, 112.0],
        [112.0, -93.786, -18.214],
    ],
    np.float32,
) / np.float32(255)


def even(value: float) -> int:
    """The even number at or below ``value``: chroma samples are two pixels wide and high."""
    return int(value) // 2 * 2


def backdrop(width: int, height: int, top: int) -> Plane:
    """Evening blue, darker below, with a grid of squares that is centred on the circle."""
    fade = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    column = np.array(SKY, np.float32) * (1 - fade) + np.array(GROUND, np.float32) * fade
    canvas = np.repeat(column.round().astype(np.uint8), width, axis=1)
    pitch, line = even((height - top) / 10), max(1, round(height / 540))
    middle = top + (height - top) // 2
    for x in range(width // 2 % pitch, width, pitch):
        mix(canvas[top:, x : x + line], LINE, 0.6)
    for y in range(top + (middle - top) % pitch, height, pitch):
        mix(canvas[y : y + line], LINE, 0.6)
    return canvas


def corners(canvas: Plane, thick: int) -> None:
    """Marks near the four corners: where one is missing or cut, the picture is cropped."""
    inset, length = 5 * thick, 9 * thick
    for part in (canvas, canvas[::-1], canvas[:, ::-1], canvas[::-1, ::-1]):
        mix(part[inset : inset + thick, inset : inset + length], QUIET, 1)
        mix(part[inset : inset + length, inset : inset + thick], QUIET, 1)


def mix(target: Plane, colour: Colour, cover: Floats | float) -> None:
    """Paints ``colour`` over RGB pixels; ``cover`` (0..1) has one value per pixel, or is one."""
    weight = np.asarray(cover, np.float32)[..., None]
    mixed = target + (np.array(colour, np.float32) - target) * weight
    target[:] = mixed.round().astype(np.uint8)


def stripes(box: Plane, band: tuple[int, int], cover: Floats, colours: tuple[Colour, ...]) -> None:
    """Vertical stripes across the circle, between the lines of ``band``."""
    part = slice(*band)
    size, count = box.shape[1], len(colours)
    inset = (size - 2 * ((size / 2) ** 2 - (size / 2 - band[0]) ** 2) ** 0.5) / 2
    edges = [even(inset + (size - 2 * inset) * n / count) for n in range(count + 1)]
    edges[0], edges[-1] = 0, size
    for colour, left, right in zip(colours, edges, edges[1:], strict=False):
        mix(box[part, left:right], colour, cover[part, left:right])


def text(
    target: Plane,
    text: str,
    size: float,
    colour: Colour,
    middle: tuple[float, float],
    *,
    bold: bool = False,
) -> None:
    """Writes ``text`` with the middle of its capital letters at ``middle`` (x, y)."""
    font = ImageFont.load_default(size=size)
    half = round(font.getlength(text) / 2 + size / 4)
    left, top = max(0, round(middle[0]) - half), max(0, round(middle[1] - size))
    box = target[top : top + round(2 * size), left : left + 2 * half]
    mask = Image.new("L", (box.shape[1], box.shape[0]))
    place = (middle[0] - left, middle[1] + size * 0.35 - top)
    stroke = size / 60 if bold else 0
    ImageDraw.Draw(mask).text(place, text, 255, font, anchor="ms", stroke_width=stroke)
    mix(box, colour, np.asarray(mask, np.float32) / np.float32(255))


def dot(side: int, colour: Colour) -> Plane:
    """A disc in a square of the panel's colour."""
    tile = np.full((side, side, 3), PANEL, np.uint8)
    axis = np.arange(side, dtype=np.float32) - (side - 1) / 2
    distance = np.hypot(axis[:, None], axis[None, :])
    mix(tile, colour, np.clip(side / 2 - distance, 0, 1).astype(np.float32))
    return tile


def to_planes(rgb: Plane) -> Planes:
    """BT.601 limited range, 4:2:0; the sides of ``rgb`` (height x width x 3) are even."""
    height, width = rgb.shape[:2]
    luma = rgb @ _TO_YUV[0] + 16
    small = rgb.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3), dtype=np.float32)
    chroma = small @ _TO_YUV[1:].T + 128
    y, u, v = (plane.round().astype(np.uint8) for plane in (luma, chroma[..., 0], chroma[..., 1]))
    return y, u, v


def blit(planes: Planes, tile: Planes, x: int, y: int) -> None:
    """Copies ``tile`` to the even place x, y."""
    height, width = tile[0].shape
    planes[0][y : y + height, x : x + width] = tile[0]
    x, y, height, width = x // 2, y // 2, height // 2, width // 2
    planes[1][y : y + height, x : x + width] = tile[1]
    planes[2][y : y + height, x : x + width] = tile[2]
