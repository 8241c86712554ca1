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

import numpy as np

from televise.formats import barcode
from televise.media.drawing import (
    FAINT,
    LAMP,
    PANEL,
    QUIET,
    RING,
    TEXT,
    Floats,
    Plane,
    Planes,
    backdrop,
    blit,
    corners,
    dot,
    even,
    mix,
    stripes,
    text,
    to_planes,
)
from televise.media.testcard_parts import Ciphers, rings

_BARS = tuple(
    (191 * (n >> 1 & 1), 191 * (n >> 2), 191 * (n & 1)) for n in (7, 6, 5, 4, 3, 2, 1)
)  # white, yellow, cyan, green, magenta, red, blue: the bits of n are green, red, blue

_GREYS = tuple((v, v, v) for v in (round(25.5 * n) for n in range(11)))

_DIGITS = 8
_SWEEP_MS, _TRAIN_MS, _LAMP_MS = 5000, 1000, 100


class TestCard:
    """Paints the test picture of one size.

    Width and height are even and at least 160 x 120; whoever reads the size from a user checks it.
    """

    __test__ = False  # not a test, whatever pytest thinks of the name

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._row = even(height / 24 + 1.999) if height > 192 else 8
        self._edges = [width * n // 32 for n in range(33)]
        top = 2 * self._row
        self._size = even(0.93 * min(width, height - top))
        self._left = even((width - self._size) / 2)
        self._top = even(top + (height - top - self._size) / 2)
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
            blit(planes, self._lamp, *self._lamp_at)

    def _stamp(self, luma: Plane, number: int, unix_ms: int) -> None:
        rows = barcode.encode(number % (1 << 24), unix_ms % 86_400_000)
        widths = np.diff(self._edges)
        for n, cells in enumerate(rows):
            line = np.repeat(np.where(cells, 235, 16).astype(np.uint8), widths)
            luma[n * self._row : (n + 1) * self._row] = line

    # -- what does not ---------------------------------------------------------------------------

    def _paint(self, top: int) -> None:
        width, height, size = self._width, self._height, self._size
        canvas = backdrop(width, height, top)
        x, y, centre = self._left, self._top, (size - 1) / 2
        axis = np.arange(size, dtype=np.float32) - centre
        distance = np.hypot(axis[:, None], axis[None, :])
        thick = max(3.0, size * 0.02)
        disc = np.clip(size / 2 - distance, 0, 1)
        inner = np.clip(size / 2 - thick - distance, 0, 1)
        box = canvas[y : y + size, x : x + size]
        mix(box, RING, disc)
        mix(box, PANEL, inner)
        self._paint_bands(box, inner)
        self._paint_words(canvas, box)
        corners(canvas[top:], max(2, even(size / 150)))
        canvas[:top] = 0
        self._open = np.full((height - top, width), 255, np.uint8)
        self._open[y - top : y - top + size, x : x + size][distance < size / 2] = 0
        planes = to_planes(canvas)
        planes[1][: top // 2] = planes[2][: top // 2] = 128
        self._still = np.concatenate([plane.ravel() for plane in planes])
        turn = np.arctan2(axis[None, :], -axis[:, None]) / (2 * np.pi) % 1
        self._rings = rings(planes, (x, y), turn.astype(np.float32), disc - inner, size)

    def _paint_bands(self, box: Plane, inner: Floats) -> None:
        size = self._size
        bars, train, grey = (self._band(*t) for t in ((0.235, 0.43), (0.43, 0.5), (0.705, 0.775)))
        stripes(box, bars, inner, _BARS)
        stripes(box, grey, inner, _GREYS)
        self._box_of_train(train)
        line = max(1, size // 300)
        for y in (bars[0], bars[1], train[1], grey[0], grey[1]):
            mix(box[y : y + line], RING, inner[y : y + line])

    def _box_of_train(self, band: tuple[int, int]) -> None:
        size = self._size
        gap = even(size * 0.014)
        half = (size**2 / 4 - (size / 2 - band[0]) ** 2) ** 0.5 - size * 0.04
        left = even(size / 2 - half)
        y, bottom = self._top + band[0] + gap, self._top + band[1] - gap
        self._train = (self._left + left, y, size - 2 * left, bottom - y)

    def _paint_words(self, canvas: Plane, box: Plane) -> None:
        size = self._size
        text(box, "televise", size * 0.14, TEXT, (size / 2, size * 0.158), bold=True)
        text(box, "UTC", size * 0.045, QUIET, (size / 2, size * 0.925))
        centre_x, x, y = self._left + size // 2, self._left, self._top
        number, clock = (centre_x, y + size * 0.603), (centre_x, y + size * 0.84)
        self._digits = Ciphers(size * 0.178, TEXT, number, "0" * _DIGITS)
        self._faint = Ciphers(size * 0.178, FAINT, number, "0" * _DIGITS)
        self._clock = Ciphers(size * 0.086, TEXT, clock, "00:00:00.000")
        side = even(max(4, size * 0.034))
        self._lamp_at = even(centre_x - side / 2), even(y + size * 0.05)
        self._lamp = to_planes(dot(side, LAMP))
        lamp_x, lamp_y = self._lamp_at
        box[lamp_y - y : lamp_y - y + side, lamp_x - x : lamp_x - x + side] = dot(side, FAINT)
        self._label(canvas)

    def _label(self, canvas: Plane) -> None:
        """In the lower corners, where there is room: the size, and what the numbers mean."""
        room, height = self._left, self._size * 0.036
        if room < 9 * height:
            return
        y = self._height - 1.7 * height
        text(canvas, f"{self._width} x {self._height}", height, QUIET, (room * 0.4, y))
        text(canvas, "BT.601 limited", height, QUIET, (self._width - room * 0.4, y))

    def _band(self, start: float, stop: float) -> tuple[int, int]:
        return even(self._size * start), even(self._size * stop)

    def _split(self, picture: Plane) -> Planes:
        height, width = self._height, self._width
        pixels, half = height * width, (height // 2, width // 2)
        quarter = pixels // 4
        return (
            picture[:pixels].reshape(height, width),
            picture[pixels : pixels + quarter].reshape(half),
            picture[pixels + quarter :].reshape(half),
        )
