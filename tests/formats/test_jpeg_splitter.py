"""Pictures out of a stream: whole, in order, each with its last byte, whatever lies between."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from televise.errors import FormatError
from televise.formats.jpeg_splitter import MAX_BYTES, JpegSplitter


def picture(seed: int, *, progressive: bool = False, restart: int = 0, exif: bytes = b"") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)
    output = io.BytesIO()
    options = {"restart_marker_blocks": restart} if restart else {}
    Image.fromarray(pixels).save(
        output, "jpeg", quality=90, progressive=progressive, exif=exif, **options
    )
    return output.getvalue()


PLAIN = picture(1)
# A thumbnail within: a whole picture of its own, which is not to come out.
THUMBNAIL = picture(2, exif=b"Exif\0\0" + picture(3))
PROGRESSIVE = picture(4, progressive=True)
RESTARTING = picture(5, restart=2)
PICTURES = [PLAIN, THUMBNAIL, PROGRESSIVE, RESTARTING]


def test_the_pictures_are_what_they_are_here_for() -> None:
    assert THUMBNAIL.count(b"\xff\xd8\xff") == 2
    assert PROGRESSIVE.count(b"\xff\xda") > 2
    assert b"\xff\xd3" in RESTARTING
    assert all(b"\xff\x00" in data for data in PICTURES)


def part(data: bytes, length: bool = True) -> bytes:
    size = f"Content-Length: {len(data)}\r\n" if length else ""
    return f"--frame\r\nContent-Type: image/jpeg\r\n{size}\r\n".encode() + data + b"\r\n"


STREAMS = {
    "bare": b"".join(PICTURES),
    "padded": b"".join(data + bytes(7) for data in PICTURES),
    "multipart": b"".join(part(data) for data in PICTURES),
    "multipart without lengths": b"".join(part(data, False) for data in PICTURES),
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=list(STREAMS))
@given(sizes=st.lists(st.integers(1, 5000), min_size=1))
def test_cut_anywhere(stream: bytes, sizes: list[int]) -> None:
    splitter, found, position = JpegSplitter(), [], 0
    while position < len(stream):
        size = sizes[position % len(sizes)]
        found += splitter.feed(stream[position : position + size])
        position += size
    assert found == PICTURES


@pytest.mark.parametrize("data", PICTURES)
def test_a_picture_comes_with_its_last_byte(data: bytes) -> None:
    splitter = JpegSplitter()
    assert splitter.feed(part(data)[:-3]) == []
    assert splitter.feed(data[-1:]) == [data]


@pytest.mark.parametrize("kept", [3, 30, 200, 700, len(PLAIN) - 2])
def test_of_a_broken_picture_the_next_is_waited_for(kept: int) -> None:
    """Broken off in a segment, its tail may be taken for what follows; then all is well again."""
    stream = part(PLAIN[:kept]) + part(PROGRESSIVE) * 3
    found = JpegSplitter().feed(stream)
    assert found[-1] == PROGRESSIVE
    assert len(found) >= 2


def test_fill_bytes_before_a_marker() -> None:
    data = PLAIN.replace(b"\xff\xda", b"\xff\xff\xff\xda", 1)
    assert JpegSplitter().feed(data) == [data]


def test_a_length_that_cannot_be() -> None:
    data = b"\xff\xd8\xff\xe0\0\0" + PLAIN
    assert JpegSplitter().feed(data)[-1:] == [PLAIN]


def test_a_picture_without_end() -> None:
    splitter = JpegSplitter()
    scan = b"\xff\xd8\xff\xda" + struct.pack(">H", 2)
    with pytest.raises(FormatError, match="fewer than"):
        splitter.feed(scan + bytes(MAX_BYTES))


def test_what_is_no_picture_is_not_kept() -> None:
    splitter = JpegSplitter()
    assert splitter.feed(bytes(2 * MAX_BYTES)) == []
    assert splitter.feed(PLAIN) == [PLAIN]


@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    for found in JpegSplitter().feed(b"\xff\xd8\xff" + data):
        assert found.startswith(b"\xff\xd8\xff")
        assert found.endswith(b"\xff\xd9")
