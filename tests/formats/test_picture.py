"""Whole pictures, parts of pictures, and what is none."""

import io
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from televise.errors import FormatError
from televise.formats.picture import Picture, parse_picture
from tests.conftest import Needs

SIZE = (70, 50)


def encoded(format: str, size: tuple[int, int] = SIZE, mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    picture = Image.linear_gradient("L").resize(size).convert(mode)
    picture.save(file, format, **options)
    return file.getvalue()


def animated(format: str) -> bytes:
    pictures = [Image.new("RGB", SIZE, colour) for colour in ("red", "green", "blue")]
    file = io.BytesIO()
    pictures[0].save(file, format, save_all=True, append_images=pictures[1:], duration=50)
    return file.getvalue()


THUMBNAIL = encoded("jpeg", (16, 12))
PICTURES = {
    "jpeg": encoded("jpeg"),
    "jpeg progressive": encoded("jpeg", progressive=True),
    "jpeg with a thumbnail": encoded("jpeg", exif=b"Exif\0\0" + THUMBNAIL),
    "jpeg with restarts": encoded("jpeg", restart_marker_rows=1),
    "png": encoded("png"),
    "png palette": encoded("png", mode="P"),
    "png animated": animated("png"),
    "gif": encoded("gif"),
    "gif animated": animated("gif"),
    "gif with a comment": encoded("gif", comment=b"; \x3b ,"),
    "webp lossy": encoded("webp"),
    "webp lossless": encoded("webp", lossless=True),
    "webp alpha": encoded("webp", mode="RGBA", exact=True),
    "webp animated": animated("webp"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_whole_picture_is_known_and_no_part_of_it(name: str) -> None:
    data = PICTURES[name]
    assert parse_picture(data) == Picture(name.split(maxsplit=1)[0], *SIZE, data)
    for end in range(len(data)):
        assert parse_picture(data[:end]) is None, end


@pytest.mark.parametrize("name", PICTURES)
def test_what_stands_behind_it_is_left_out(name: str) -> None:
    data = PICTURES[name]
    found = parse_picture(data + b"\0" * 99)
    assert found is not None
    assert found.data == data


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp"])
@pytest.mark.parametrize("size", [(1, 1), (333, 7), (4096, 2304)], ids=str)
def test_sizes(kind: str, size: tuple[int, int]) -> None:
    found = parse_picture(encoded(kind, size))
    assert found is not None
    assert (found.width, found.height) == size


@pytest.mark.parametrize("codec", ["mjpeg", "png", "gif"])
def test_pictures_of_ffmpeg(codec: str, needs: Needs, tmp_path: Path) -> None:
    file = tmp_path / f"picture.{codec.replace('mjpeg', 'jpg')}"
    source = ["-f", "lavfi", "-i", "testsrc2=s=322x182", "-frames:v", "1"]
    subprocess.run([needs("ffmpeg"), "-v", "error", *source, "-c:v", codec, file], check=True)
    found = parse_picture(file.read_bytes())
    assert found is not None
    assert (found.kind, found.width, found.height) == (codec.replace("mjpeg", "jpeg"), 322, 182)


def test_a_gif_is_as_large_as_its_frames() -> None:
    """Whatever its screen says: who unpacks it makes room for them."""
    data = bytearray(encoded("gif", (40, 30)))
    data[6:10] = b"\x10\0\x10\0"
    found = parse_picture(bytes(data))
    assert found is not None
    assert (found.width, found.height) == (40, 30)


BAD = [
    (b"<!DOCTYPE html><title>404</title>", "not a JPEG, PNG, GIF or WebP picture"),
    (b"RIFF\x20\0\0\0WAVEfmt ", "not a JPEG, PNG, GIF or WebP picture"),
    (PICTURES["png"][:12] + b"IDAT", "begin with the chunk IHDR"),
    (PICTURES["png"][:33] + b"\0\0\0\0\0\0\0\0", "no chunk where one must be"),
    (PICTURES["png"][:16] + b"\0" * 4 + PICTURES["png"][20:], "a width and a height"),
    (b"GIF89a\5\0\5\0\0\0\0\x99", "no block where one must be"),
    (b"GIF89a\0\0\5\0\0\0\0\x3b", "a width and a height"),
    (b"RIFF\x20\0\0\0WEBPICCP\0\0\0\0", "must be VP8, VP8L or VP8X"),
    (b"RIFF\x20\0\0\0WEBPVP8 \0\0\0\0\0\0\0\0\0\0", "no start code"),
    (b"RIFF\x20\0\0\0WEBPVP8L\0\0\0\0\0", "no signature"),
    (b"\xff\xd8\xff\xe0\0\x04ab\0", "no marker"),
    (b"\xff\xd8\xff\xd9", "no frame header"),
]


@pytest.mark.parametrize(("data", "text"), BAD)
def test_what_can_become_no_picture_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(FormatError, match=text):
        parse_picture(data)


@given(st.sampled_from([b"", *(data[:40] for data in PICTURES.values())]), st.binary(max_size=200))
@example(b"", b"\xff\xd8\xff")
def test_any_bytes_are_a_picture_or_a_part_of_one_or_refused(begin: bytes, rest: bytes) -> None:
    try:
        found = parse_picture(begin + rest)
    except FormatError:
        return
    assert found is None or (begin + rest).startswith(found.data)
