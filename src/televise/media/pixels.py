"""Pixels: how many a picture may have, of whatever source this process reads; looked at before
anything is unpacked, as a few bytes can make any number of them."""

from televise.model.allowed import ALLOWED

# What encoders and browsers can take, whatever a source may have.
MAX_WIDTH, MAX_HEIGHT = 4096, 2304
MAX_PIXELS = MAX_WIDTH * MAX_HEIGHT

_most = [ALLOWED["pixels"].usual]


def allow(pixels: int) -> None:
    """So many from now on; decoders that there are stay as they are."""
    _most[0] = pixels


def most() -> int:
    """How many there may be."""
    return _most[0]


def too_large(width: int, height: int) -> str:
    """How many pixels are too many, if they are; else ''."""
    if width * height <= most():
        return ""
    return f"{width}x{height} pixels; the limit is {limit()}"


def limit() -> str:
    """How many there may be, in words."""
    return f"{MAX_WIDTH}x{MAX_HEIGHT}" if most() == MAX_PIXELS else str(most())
