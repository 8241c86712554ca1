"""A film of JPEG pictures of exactly one size, so that a message has exactly so many bytes."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import simplejpeg

BLOCK = 8


def make_film(path: Path, size: int, fps: int, seconds: float = 10.0) -> None:
    """A film of JPEG pictures, all of ``size`` bytes."""
    noise = np.random.default_rng(1)
    rows, columns = _blocks(size)
    with av.open(path, "w") as film:
        stream = film.add_stream("mjpeg", fps)
        stream.width, stream.height, stream.pix_fmt = columns * BLOCK, rows * BLOCK, "yuvj420p"
        for number in range(int(seconds * fps)):
            packet = av.Packet(make_picture(size, noise))
            packet.stream = stream
            packet.pts = packet.dts = number
            packet.time_base = Fraction(1, fps)
            packet.is_keyframe = True
            film.mux(packet)


def make_picture(size: int, noise: np.random.Generator | None = None) -> bytes:
    """A JPEG a little smaller than wanted, filled up after its end."""
    noise = noise or np.random.default_rng(1)
    small = noise.integers(0, 255, (*_blocks(size), 3), dtype=np.uint8)
    large = np.ascontiguousarray(small.repeat(BLOCK, 0).repeat(BLOCK, 1))
    data = simplejpeg.encode_jpeg(large, quality=30)
    if len(data) > size:
        raise SystemExit(f"the picture has {len(data)} bytes, not {size}")
    return bytes(data + bytes(size - len(data)))


def _blocks(size: int) -> tuple[int, int]:
    """Rows and columns of blocks whose JPEG fits."""
    return (45, 80) if size >= 20_000 else (10, 16)
