"""Stills: pictures that come as whole files of an image format, one after another."""

import io
import time
from fractions import Fraction

import av
import numpy as np
import PIL.Image

from televise.errors import FormatError
from televise.formats import jpeg
from televise.media.container import MAX_HEIGHT, MAX_PIXELS, MAX_WIDTH
from televise.media.jpeg_feed import JpegFeed
from televise.media.source import Feed, Input

_TIME_BASE = Fraction(1, 90_000)
_DECODED = ("PNG", "WEBP", "GIF", "BMP")


class Stills:
    """Gives a feed each picture as it comes: JPEG as it is, PNG, WebP, GIF and BMP decoded."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._jpegs: JpegFeed | None = None
        self._open = False

    def show(self, data: bytes, captured: int = 0) -> None:
        """One picture, ``captured`` at Unix nanoseconds (0: just now). FormatError where it is
        none, or too large."""
        if data[:2] != jpeg.SOI:
            self._show_frame(decode_picture(data), captured)
            return
        if self._jpegs is None:
            self._jpegs, self._open = JpegFeed(self._feed), False
        self._jpegs.put(data, captured)

    def _show_frame(self, frame: av.VideoFrame, captured: int) -> None:
        if not self._open:
            source = Input("video", "rawvideo", width=frame.width, height=frame.height)
            self._feed.opened([source])
            self._jpegs, self._open = None, True
        frame.pts = round(time.monotonic() / _TIME_BASE)
        frame.time_base = _TIME_BASE
        self._feed.frame(0, frame, captured)


def decode_picture(data: bytes) -> av.VideoFrame:
    """The pixels of a PNG, WebP, GIF or BMP. FormatError."""
    try:
        with PIL.Image.open(io.BytesIO(data), formats=_DECODED) as picture:
            check_size(*picture.size)  # before anything is unpacked
            pixels = np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError) as error:
        raise FormatError("not a picture: send JPEG, PNG, WebP, GIF or BMP") from error
    return av.VideoFrame.from_ndarray(pixels, "rgb24")


def check_size(width: int, height: int) -> None:
    """FormatError for pictures that are too large."""
    if width * height > MAX_PIXELS:
        limit = f"{MAX_WIDTH}x{MAX_HEIGHT}"
        raise FormatError(f"a picture of {width}x{height} pixels; the limit is {limit}")
