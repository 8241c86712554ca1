"""Pictures for the GIF encoder, and what decoders that know nothing of it see in its frames."""

import io
from collections.abc import Iterable

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from televise.formats import gif
from televise.media.encoders.encoded import Encoded, Picture
from televise.media.encoders.gif import GifEncoder
from televise.media.testcard import TestCard

WIDTH, HEIGHT, FPS = 160, 120, 10

Rgb = NDArray[np.uint8]


def encoder(colors: int = 0, dither: bool = False) -> GifEncoder:
    return GifEncoder(WIDTH, HEIGHT, colors, dither, "GIF was asked for")


def picture(rgb: Rgb, number: int) -> Picture:
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    return Picture(frame, number / FPS, 1 / FPS, captured=1000 + number)


def encode(pictures: Iterable[Rgb], gif_encoder: GifEncoder | None = None) -> list[list[Encoded]]:
    """What comes out for each picture, ten a second."""
    gif_encoder = gif_encoder or encoder()
    numbered = enumerate(pictures)
    return [gif_encoder.encode(picture(rgb, n), keyframe=False) for n, rgb in numbered]


def flat(colour: tuple[int, int, int]) -> Rgb:
    return np.full((HEIGHT, WIDTH, 3), colour, np.uint8)


def cards(count: int) -> list[Rgb]:
    painter, pictures = TestCard(WIDTH, HEIGHT), []
    for number in range(count):
        planes = painter.render(number, 1_700_000_000_000 + number * 1000 // FPS)
        joined = np.concatenate([plane.ravel() for plane in planes]).reshape(-1, WIDTH)
        frame = av.VideoFrame.from_ndarray(joined, format="yuv420p")
        pictures.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
    return pictures


def noise(seed: int) -> Rgb:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def dots(count: int) -> list[Rgb]:
    """A black dot wanders over white."""
    pictures = [flat((255, 255, 255)) for _ in range(count)]
    for number, rgb in enumerate(pictures):
        rgb[10 + number % 90, 20 + number % 100] = 0
    return pictures


def by_pillow(stream: bytes) -> list[Rgb]:
    with Image.open(io.BytesIO(stream)) as opened:
        frames = ImageSequence.Iterator(opened)
        return [np.asarray(frame.convert("RGB"), np.uint8) for frame in frames]


def by_ffmpeg(stream: bytes) -> list[Rgb]:
    with av.open(io.BytesIO(stream), "r", format="gif") as container:
        decoded = container.decode(video=0)
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in decoded]


def stream_of(sent: list[list[Encoded]], start: int = 0) -> bytes:
    """What a viewer gets that joins at the ``start``-th frame."""
    data = [one.data for several in sent for one in several]
    return gif.header(WIDTH, HEIGHT) + b"".join(data[start:])


def psnr(wanted: Rgb, shown: Rgb) -> float:
    error = float(np.mean((wanted.astype(float) - shown) ** 2))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))
