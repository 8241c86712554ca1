"""Stills: the pixels of a picture that comes as a whole file of an image format."""

import io

import av
import numpy as np
import PIL.Image

from televise.errors import FormatError
from televise.media.container import MAX_HEIGHT, MAX_PIXELS, MAX_WIDTH

_DECODED = ("PNG", "WEBP", "GIF", "BMP")


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
