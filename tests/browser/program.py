"""A Python program that shows numbered pictures, and hears what is done on them."""

import threading

import numpy as np
from numpy.typing import NDArray

from televise import Channel, Click, Key
from televise.formats.barcode import CELLS, encode

WIDTH, HEIGHT = 640, 480
FPS = 20


def place_of(number: int) -> int:
    """Where the box is in picture ``number``, in pixels from the left."""
    return 20 + number * 7 % 500


def numbered(number: int) -> NDArray[np.uint8]:
    """A grey picture with a barcode at its top."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    size = HEIGHT // 20
    for row, cells in enumerate(encode(number, 0)):
        line = np.repeat(np.array(cells, np.uint8) * 255, WIDTH // CELLS)
        picture[row * size : (row + 1) * size] = line[:, None]
    return picture


class Program:
    """Shows numbered pictures, each with a box of its own, while a viewer is served."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.clicks: list[Click] = []
        self.keys: list[Key] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)
        channel.on_click(self.clicks.append)
        channel.on_key(self.keys.append)

    def __enter__(self) -> "Program":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._ends.wait(1 / FPS):
            box = {"x": place_of(number), "y": 200, "width": 60, "height": 40}
            meta = {"boxes": [{**box, "label": str(number), "color": "#00ff00"}]}
            assert self.channel.show(numbered(number), meta=meta) == number
            number += 1
