"""The barcode reader, on pictures that went through real encoders and scalers."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest
import simplejpeg
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray
from PIL import Image

from televise.errors import FormatError
from televise.media.planes import pixel_planes
from televise.media.testcard import TestCard
from televise.testing import Stamp, read_barcode

NUMBER, MILLISECONDS = 7_654_321, 45_678_901
STAMP = Stamp(NUMBER, MILLISECONDS)
SIZES = [(160, 120), (320, 240), (640, 360), (640, 272), (1280, 720), (1080, 1920)]


def luma(size: tuple[int, int]) -> NDArray[np.uint8]:
    return TestCard(*size).render(NUMBER, MILLISECONDS)[0]


def frame(size: tuple[int, int]) -> av.VideoFrame:
    picture = av.VideoFrame(*size, "yuv420p")
    planes = TestCard(*size).render(NUMBER, MILLISECONDS)
    for target, pixels in zip(pixel_planes(picture), planes, strict=True):
        target[:] = pixels
    picture.pts, picture.time_base = 0, Fraction(1, 25)
    return picture


def rgb(size: tuple[int, int]) -> NDArray[np.uint8]:
    return as_rgb(frame(size))


def as_rgb(picture: av.VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_it_is_read_from_luma_and_from_rgb(size: tuple[int, int]) -> None:
    assert read_barcode(luma(size)) == STAMP
    assert read_barcode(rgb(size)) == STAMP


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("width", [160, 200, 333, 1000])
def test_it_survives_scaling(size: tuple[int, int], width: int) -> None:
    height = max(90, width * size[1] // size[0])
    scaled = Image.fromarray(luma(size)).resize((width, height), Image.Resampling.BILINEAR)
    assert read_barcode(np.asarray(scaled)) == STAMP


@pytest.mark.parametrize("quality", [20, 50, 90])
def test_it_survives_jpeg(quality: int) -> None:
    data = simplejpeg.encode_jpeg(rgb((640, 360)), quality=quality)
    assert read_barcode(simplejpeg.decode_jpeg(data)) == STAMP


@pytest.mark.parametrize(
    ("encoder", "options"),
    [
        ("libx264", {"preset": "ultrafast", "tune": "zerolatency", "crf": "38"}),
        ("mpeg1video", {"b": "500000"}),
    ],
)
def test_it_survives_real_encoders(encoder: str, options: dict[str, str]) -> None:
    context = av.CodecContext.create(encoder, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = 640, 360, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    context.options = options
    picture = frame((640, 360))
    packets = [*context.encode(picture), *context.encode(None)]
    decoder = av.CodecContext.create(encoder.removeprefix("lib").replace("x264", "h264"), "r")
    assert isinstance(decoder, VideoCodecContext)
    decoded = [shown for packet in packets for shown in decoder.decode(packet)]
    decoded += decoder.decode(None)
    assert read_barcode(as_rgb(decoded[0])) == STAMP


@pytest.mark.parametrize("colours", [256, 64])
def test_it_survives_gif(colours: int) -> None:
    file = io.BytesIO()
    Image.fromarray(rgb((640, 360))).quantize(colours).save(file, "GIF")
    assert read_barcode(np.asarray(Image.open(file).convert("RGB"))) == STAMP


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((360, 640), np.uint8),
        np.full((360, 640, 3), 255, np.uint8),
        np.zeros((4, 4), np.uint8),
        np.random.default_rng(1).integers(0, 256, (360, 640), dtype=np.uint8),
    ],
)
def test_a_picture_without_one_is_refused(picture: NDArray[np.uint8]) -> None:
    with pytest.raises(FormatError):
        read_barcode(picture)
