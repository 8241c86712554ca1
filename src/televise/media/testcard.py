"""The moving test picture and its tone: what ``pattern:`` shows.

The picture is a still, painted once, with the few things that move copied or added on top. From top
to bottom it tells: the barcode strip (frame number and time, for programs), the title, 75 % colour
bars, lights that run at constant speed, the frame number, a grey scale, the UTC clock. One light
goes round the circle in a second and is at the top when a second begins; the lamp below it is then
lit for 100 ms, while `Tone` ticks. A soft edge sweeps across the whole height: where it is broken,
the display tears.

Planes are BT.601, limited range: Y 16..235, U and V 16..240, neutral 128; each chroma sample is the
mean of 2x2 pixels (yuv420p).
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from televise.formats import barcode

Plane: TypeAlias = NDArray[np.uint8]
Planes: TypeAlias = tuple[Plane, Plane, Plane]
_Floats: TypeAlias = NDArray[np.float32]
_Colour: TypeAlias = tuple[int, int, int]

_SKY, _GROUND, _LINE = (27, 36, 58), (11, 15, 26), (47, 60, 88)
_PANEL, _RING, _COMET = (13, 17, 27), (44, 55, 80), (255, 196, 104)
_TEXT, _QUIET, _FAINT, _LAMP = (240, 243, 248), (138, 150, 174), (46, 55, 76), (255, 92, 72)
_BARS = tuple(
    (191 * (n >> 1 & 1), 191 * (n >> 2), 191 * (n & 1)) for n in (7, 6, 5, 4, 3, 2, 1)
)  # white, yellow, cyan, green, magenta, red, blue: the bits of n are green, red, blue

_GREYS = tuple((v, v, v) for v in (round(25.5 * n) for n in range(11)))

_DIGITS = 8
_SWEEP_MS, _TRAIN_MS, _LAMP_MS = 5000, 1000, 100
_TAIL = 0.3  # of a turn

_TO_YUV = np.array(
    [
        [65.481, 128.553, 24.966],
        [-37.797, -74.203, 112.0],
        [112.0, -93.786, -18.214],
    ],
    np.float32,
) / np.float32(255)


class TestCard:
    """Paints the test picture of one size.

    Width and height are even and at least 160 x 120; whoever reads the size from a user checks it.
    """

    __test__ = False  # not a test, whatever pytest thinks of the name

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._row = _even(height / 24 + 1.999) if height > 192 else 8
        self._edges = [width * n // 32 for n in range(33)]
        top = 2 * self._row
        self._size = _even(0.93 * min(width, height - top))
        self._left = _even((width - self._size) / 2)
        self._top = _even(top + (height - top - self._size) / 2)
        self._paint(top)

    def render(self, number: int, unix_ms: int) -> Planes:
        """Picture ``number`` as it looks at ``unix_ms`` (milliseconds since 1970, UTC).

        Returns Y (height x width), U and V (height/2 x width/2 each): uint8, C-contiguous,
        writable. Every call returns new memory: pictures never share any with each other or with
        this object, so they may be kept, changed or handed to another thread.
        """
        picture = self._still.copy()
        planes = self._split(picture)
        self._sweep(planes[0], unix_ms)
        self._run_train(planes[0], unix_ms)
        self._turn(planes, unix_ms)
        self._write(planes, number, unix_ms)
        self._stamp(planes[0], number, unix_ms)
        return planes

    # -- what moves ------------------------------------------------------------------------------

    def _sweep(self, luma: Plane, unix_ms: int) -> None:
        """A light with a sharp front and a long tail, from left to right, behind the circle."""
        tail = self._width / 5
        head = (unix_ms % _SWEEP_MS) / _SWEEP_MS * (self._width + tail)
        first, last = max(0, int(head - tail)), min(self._width, int(head) + 1)
        if first >= last:
            return
        behind = head - np.arange(first, last, dtype=np.float32)
        light = 52 * np.clip(1 - behind / tail, 0, 1) ** 3 * np.clip(behind, 0, 1)
        luma[2 * self._row :, first:last] += self._open[:, first:last] & light.astype(np.uint8)

    def _run_train(self, luma: Plane, unix_ms: int) -> None:
        """Five lights in a row; each second every one takes the place of the next."""
        x, y, width, height = self._train
        period = width / 5
        at = np.arange(width, dtype=np.float32) - unix_ms % _TRAIN_MS / _TRAIN_MS * period
        ahead = at % period  # 0 just behind a front, rising to the left edge of the next light
        light = (ahead / period) ** 2.5 * np.clip(period - ahead, 0, 1)
        luma[y : y + height, x : x + width] = 32 + 190 * light

    def _turn(self, planes: Planes, unix_ms: int) -> None:
        phase = unix_ms % 1000 / 1000
        for plane, ring in zip(planes, self._rings, strict=True):
            ring.light(plane, phase)

    def _write(self, planes: Planes, number: int, unix_ms: int) -> None:
        digits = f"{number:0{_DIGITS}d}"[-_DIGITS:]
        leading = len(digits) - len(digits.lstrip("0")) if number else _DIGITS - 1
        self._faint.write(planes, digits[:leading], 0)
        self._digits.write(planes, digits[leading:], leading)
        second, ms = divmod(unix_ms, 1000)
        minute, hour = second // 60, second // 3600
        clock = f"{hour % 24:02d}:{minute % 60:02d}:{second % 60:02d}.{ms:03d}"
        self._clock.write(planes, clock, 0)
        if ms < _LAMP_MS:
            _blit(planes, self._lamp, *self._lamp_at)

    def _stamp(self, luma: Plane, number: int, unix_ms: int) -> None:
        rows = barcode.encode(number % (1 << 24), unix_ms % 86_400_000)
        widths = np.diff(self._edges)
        for n, cells in enumerate(rows):
            line = np.repeat(np.where(cells, 235, 16).astype(np.uint8), widths)
            luma[n * self._row : (n + 1) * self._row] = line

    # -- what does not ---------------------------------------------------------------------------

    def _paint(self, top: int) -> None:
        width, height, size = self._width, self._height, self._size
        canvas = _backdrop(width, height, top)
        x, y, centre = self._left, self._top, (size - 1) / 2
        axis = np.arange(size, dtype=np.float32) - centre
        distance = np.hypot(axis[:, None], axis[None, :])
        thick = max(3.0, size * 0.02)
        disc = np.clip(size / 2 - distance, 0, 1)
        inner = np.clip(size / 2 - thick - distance, 0, 1)
        box = canvas[y : y + size, x : x + size]
        _mix(box, _RING, disc)
        _mix(box, _PANEL, inner)
        self._paint_bands(box, inner)
        self._paint_words(canvas, box)
        _corners(canvas[top:], max(2, _even(size / 150)))
        canvas[:top] = 0
        self._open = np.full((height - top, width), 255, np.uint8)
        self._open[y - top : y - top + size, x : x + size][distance < size / 2] = 0
        planes = _to_planes(canvas)
        planes[1][: top // 2] = planes[2][: top // 2] = 128
        self._still = np.concatenate([plane.ravel() for plane in planes])
        turn = np.arctan2(axis[None, :], -axis[:, None]) / (2 * np.pi) % 1
        self._rings = _rings(planes, (x, y), turn.astype(np.float32), disc - inner, size)

    def _paint_bands(self, box: Plane, inner: _Floats) -> None:
        size = self._size
        bars, train, grey = (self._band(*t) for t in ((0.235, 0.43), (0.43, 0.5), (0.705, 0.775)))
        _stripes(box, bars, inner, _BARS)
        _stripes(box, grey, inner, _GREYS)
        self._box_of_train(train)
        line = max(1, size // 300)
        for y in (bars[0], bars[1], train[1], grey[0], grey[1]):
            _mix(box[y : y + line], _RING, inner[y : y + line])

    def _box_of_train(self, band: tuple[int, int]) -> None:
        size = self._size
        gap = _even(size * 0.014)
        half = (size**2 / 4 - (size / 2 - band[0]) ** 2) ** 0.5 - size * 0.04
        left = _even(size / 2 - half)
        y, bottom = self._top + band[0] + gap, self._top + band[1] - gap
        self._train = (self._left + left, y, size - 2 * left, bottom - y)

    def _paint_words(self, canvas: Plane, box: Plane) -> None:
        size = self._size
        _text(box, "televise", size * 0.14, _TEXT, (size / 2, size * 0.158), bold=True)
        _text(box, "UTC", size * 0.045, _QUIET, (size / 2, size * 0.925))
        centre_x, x, y = self._left + size // 2, self._left, self._top
        number, clock = (centre_x, y + size * 0.603), (centre_x, y + size * 0.84)
        self._digits = _Ciphers(size * 0.178, _TEXT, number, "0" * _DIGITS)
        self._faint = _Ciphers(size * 0.178, _FAINT, number, "0" * _DIGITS)
        self._clock = _Ciphers(size * 0.086, _TEXT, clock, "00:00:00.000")
        side = _even(max(4, size * 0.034))
        self._lamp_at = _even(centre_x - side / 2), _even(y + size * 0.05)
        self._lamp = _to_planes(_dot(side, _LAMP))
        lamp_x, lamp_y = self._lamp_at
        box[lamp_y - y : lamp_y - y + side, lamp_x - x : lamp_x - x + side] = _dot(side, _FAINT)
        self._label(canvas)

    def _label(self, canvas: Plane) -> None:
        """In the lower corners, where there is room: the size, and what the numbers mean."""
        room, height = self._left, self._size * 0.036
        if room < 9 * height:
            return
        y = self._height - 1.7 * height
        _text(canvas, f"{self._width} x {self._height}", height, _QUIET, (room * 0.4, y))
        _text(canvas, "BT.601 limited", height, _QUIET, (self._width - room * 0.4, y))

    def _band(self, start: float, stop: float) -> tuple[int, int]:
        return _even(self._size * start), _even(self._size * stop)

    def _split(self, picture: Plane) -> Planes:
        height, width = self._height, self._width
        pixels, half = height * width, (height // 2, width // 2)
        quarter = pixels // 4
        return (
            picture[:pixels].reshape(height, width),
            picture[pixels : pixels + quarter].reshape(half),
            picture[pixels + quarter :].reshape(half),
        )


class _Ciphers:
    """A line of digits, colons and points at a fixed place, on the panel's colour."""

    def __init__(
        self, size: float, colour: _Colour, middle: tuple[float, float], template: str
    ) -> None:
        font = ImageFont.load_default(size=size)
        cell = _even(font.getlength("0") + size * 0.04)
        widths = [cell if sign == "0" else _even(cell * 0.55) for sign in template]
        height = _even(size * 0.86)
        left = _even(middle[0] - sum(widths) / 2)
        self._x = [left + sum(widths[:n]) for n in range(len(widths))]
        self._y = _even(middle[1] - height / 2)
        self._tiles = {}
        for sign, width in zip("0123456789:.", [cell] * 10 + [_even(cell * 0.55)] * 2, strict=True):
            tile = np.full((height, width, 3), _PANEL, np.uint8)
            _text(tile, sign, size, colour, (width / 2, height / 2), bold=True)
            self._tiles[sign] = _to_planes(tile)

    def write(self, planes: Planes, text: str, first: int) -> None:
        """Puts ``text`` at the places from ``first`` on."""
        for x, sign in zip(self._x[first:], text, strict=False):
            _blit(planes, self._tiles[sign], x, self._y)


class _Ring:
    """The pixels of the circle's rim in one plane, in the order in which the light passes them.

    Every pixel is listed twice, one turn apart (-1..0 and 0..1), so that a tail is one slice.
    """

    def __init__(self, where: NDArray[np.intp], turn: _Floats, still: Plane, gain: _Floats) -> None:
        order = np.argsort(turn)
        self._where = np.tile(where[order], 2)
        self._turn = np.concatenate([turn[order] - 1, turn[order]])
        self._still = np.tile(still.ravel()[where[order]].astype(np.float32), 2)
        self._gain = np.tile(gain[order], 2)
        self._pixels = len(where)

    def light(self, plane: Plane, phase: float) -> None:
        """Lights the tail that ends at ``phase`` (0..1 of a turn, from the top, clockwise)."""
        first, last = np.searchsorted(self._turn, (phase - _TAIL, phase))
        part = slice(first, last)
        light = (1 + (self._turn[part] - phase) / _TAIL) ** 2 * self._gain[part]
        plane.reshape(-1)[self._where[part]] = self._still[part] + light


def _rings(
    planes: Planes, at: tuple[int, int], turn: _Floats, cover: _Floats, size: int
) -> list[_Ring]:
    """The rim in all three planes; ``turn`` and ``cover`` describe the luma pixels of the box."""
    colour = _to_planes(np.full((2, 2, 3), _COMET, np.uint8))
    dim = _to_planes(np.full((2, 2, 3), _RING, np.uint8))
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
        rings.append(_Ring(where, turns[y, x], plane, gain.astype(np.float32)))
    return rings


def _even(value: float) -> int:
    return int(value) // 2 * 2


def _backdrop(width: int, height: int, top: int) -> Plane:
    """Evening blue, darker below, with a grid of squares that is centred on the circle."""
    fade = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    column = np.array(_SKY, np.float32) * (1 - fade) + np.array(_GROUND, np.float32) * fade
    canvas = np.repeat(column.round().astype(np.uint8), width, axis=1)
    pitch, line = _even((height - top) / 10), max(1, round(height / 540))
    middle = top + (height - top) // 2
    for x in range(width // 2 % pitch, width, pitch):
        _mix(canvas[top:, x : x + line], _LINE, 0.6)
    for y in range(top + (middle - top) % pitch, height, pitch):
        _mix(canvas[y : y + line], _LINE, 0.6)
    return canvas


def _corners(canvas: Plane, thick: int) -> None:
    """Marks near the four corners: where one is missing or cut, the picture is cropped."""
    inset, length = 5 * thick, 9 * thick
    for part in (canvas, canvas[::-1], canvas[:, ::-1], canvas[::-1, ::-1]):
        _mix(part[inset : inset + thick, inset : inset + length], _QUIET, 1)
        _mix(part[inset : inset + length, inset : inset + thick], _QUIET, 1)


def _mix(target: Plane, colour: _Colour, cover: _Floats | float) -> None:
    """Paints ``colour`` over RGB pixels; ``cover`` (0..1) has one value per pixel, or is one."""
    weight = np.asarray(cover, np.float32)[..., None]
    mixed = target + (np.array(colour, np.float32) - target) * weight
    target[:] = mixed.round().astype(np.uint8)


def _stripes(
    box: Plane, band: tuple[int, int], cover: _Floats, colours: tuple[_Colour, ...]
) -> None:
    """Vertical stripes across the circle, between the lines of ``band``."""
    part = slice(*band)
    size, count = box.shape[1], len(colours)
    inset = (size - 2 * ((size / 2) ** 2 - (size / 2 - band[0]) ** 2) ** 0.5) / 2
    edges = [_even(inset + (size - 2 * inset) * n / count) for n in range(count + 1)]
    edges[0], edges[-1] = 0, size
    for colour, left, right in zip(colours, edges, edges[1:], strict=False):
        _mix(box[part, left:right], colour, cover[part, left:right])


def _text(
    target: Plane,
    text: str,
    size: float,
    colour: _Colour,
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
    _mix(box, colour, np.asarray(mask, np.float32) / np.float32(255))


def _dot(side: int, colour: _Colour) -> Plane:
    tile = np.full((side, side, 3), _PANEL, np.uint8)
    axis = np.arange(side, dtype=np.float32) - (side - 1) / 2
    distance = np.hypot(axis[:, None], axis[None, :])
    _mix(tile, colour, np.clip(side / 2 - distance, 0, 1).astype(np.float32))
    return tile


def _to_planes(rgb: Plane) -> Planes:
    """BT.601 limited range, 4:2:0; the sides of ``rgb`` (height x width x 3) are even."""
    height, width = rgb.shape[:2]
    luma = rgb @ _TO_YUV[0] + 16
    small = rgb.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3), dtype=np.float32)
    chroma = small @ _TO_YUV[1:].T + 128
    y, u, v = (plane.round().astype(np.uint8) for plane in (luma, chroma[..., 0], chroma[..., 1]))
    return y, u, v


def _blit(planes: Planes, tile: Planes, x: int, y: int) -> None:
    """Copies ``tile`` to the even place x, y."""
    height, width = tile[0].shape
    planes[0][y : y + height, x : x + width] = tile[0]
    x, y, height, width = x // 2, y // 2, height // 2, width // 2
    planes[1][y : y + height, x : x + width] = tile[1]
    planes[2][y : y + height, x : x + width] = tile[2]


class Tone:
    """A continuous sine at -20 dBFS (peak 0.1), with a louder tick where each second begins.

    Sample 0 begins a second. The tick is 50 ms of 2 kHz that starts at once with a peak of 0.5 and
    dies away: the time of its onset is that of the lamp in the picture.
    """

    def __init__(self, frequency: float, sample_rate: int = 48000) -> None:
        """``frequency`` in Hz, below half of ``sample_rate`` (samples per second)."""
        self._frequency, self._rate = frequency, sample_rate
        time = np.arange(sample_rate // 20) / sample_rate
        self._tick = 0.5 * np.exp(-time / 0.008) * np.cos(2 * np.pi * 2000 * time)

    def samples(self, start: int, count: int) -> NDArray[np.float32]:
        """``count`` mono samples (-1..1) from sample ``start`` (>= 0) on, in new memory.

        The sound depends on the sample's number alone: pieces fit together however they are cut.
        """
        number = np.arange(start, start + count)
        wave = 0.1 * np.sin(2 * np.pi * (number * (self._frequency / self._rate) % 1))
        at = number % self._rate
        ticking = at < len(self._tick)
        wave[ticking] += self._tick[at[ticking]]
        sound: NDArray[np.float32] = wave.astype(np.float32)
        return sound
