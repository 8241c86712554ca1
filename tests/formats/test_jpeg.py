import io
from typing import Any

import numpy as np
import pytest
import simplejpeg
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from televise.errors import FormatError
from televise.formats import jpeg
from tests.formats.witness import ffmpeg


def picture(width: int, height: int, mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (width, height)).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (640, 360), (1, 65500), (4096, 8)], ids=str)
@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("RGB", {}),
        ("L", {}),
        ("CMYK", {}),
        ("RGB", {"progressive": True}),
        ("RGB", {"comment": b"\xff\xc0 this is no frame header"}),
        ("RGB", {"exif": b"Exif\0\0" + b"\xff\xc0\0\x11" * 99}),
        ("RGB", {"restart_marker_rows": 1, "optimize": True}),
    ],
    ids=str,
)
def test_sizes_of_pillow(size: tuple[int, int], mode: str, options: dict[str, Any]) -> None:
    assert jpeg.size(picture(*size, mode, **options)) == size


@pytest.mark.usefixtures("programs")
def test_sizes_of_simplejpeg_and_ffmpeg() -> None:
    black = np.zeros((50, 70, 3), np.uint8)
    assert jpeg.size(simplejpeg.encode_jpeg(black)) == (70, 50)
    one = ("-f", "lavfi", "-i", "testsrc2=size=322x182", "-frames:v", "1", "-f", "mjpeg", "-")
    assert jpeg.size(ffmpeg(b"", *one)) == (322, 182)


@pytest.mark.parametrize("options", [{}, {"exif": b"Exif\0\0" + picture(16, 8)}], ids=str)
def test_its_end_may_not_be_missing(options: dict[str, Any]) -> None:
    """That of a thumbnail is not it; cameras put something behind it."""
    data = picture(64, 48, quality=90, **options)
    for whole in (data, data + b"\0" * 100, data + b"\n"):
        jpeg.check_end(whole)
    for size in (len(data) - 2, len(data) - 1, data.rindex(b"\xff\xda") + 20):
        with pytest.raises(FormatError, match="breaks off"):
            jpeg.check_end(data[:size])


def test_fill_bytes_and_markers_without_length() -> None:
    data = picture(20, 10)
    assert jpeg.size(data[:2] + b"\xff\xff\xff\x01\xff\xd0\xff" + data[2:]) == (20, 10)


@given(st.binary())
@example(b"\xff\xd8\xff")
@example(b"\xff\xd8" + b"\xff" * 50)
def test_any_bytes_are_a_jpeg_or_refused(data: bytes) -> None:
    for candidate in (data, b"\xff\xd8\xff" + data):
        try:
            width, height = jpeg.size(candidate)
        except FormatError:
            continue
        assert 0 < width <= 0xFFFF
        assert 0 < height <= 0xFFFF


def test_a_picture_cut_before_its_size_is_refused() -> None:
    data = picture(20, 10)
    needed = data.index(b"\xff\xc0") + 9
    for size in range(needed):
        with pytest.raises(FormatError):
            jpeg.size(data[:size])
    assert jpeg.size(data[:needed]) == (20, 10)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x89PNG\r\n\x1a\n", "begin with FF D8"),
        (b"\xff\xd8\x00", "no marker"),
        (b"\xff\xd8\xff\xd9", "no frame header"),
        (b"\xff\xd8\xff\xda\0\2", "no frame header"),
        (b"\xff\xd8\xff\xe0\0\1", "says 1 bytes"),
        (b"\xff\xd8\xff\xe0\0\x10", "no marker"),
        (b"\xff\xd8\xff\xff", "ends before"),
        (b"\xff\xd8\xff\xc0\0\x11\x08\0\0\0\5", "width and a height"),
        (b"\xff\xd8\xff\xc0\0\x11\x08\0\5\0\0", "width and a height"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        jpeg.size(data)
