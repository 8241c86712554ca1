from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError
from televise.formats.box import boxes, find
from tests.formats.witness import encode_h264, mp4_by_ffmpeg

BOXES = st.lists(st.tuples(st.text("abcmoov", min_size=4, max_size=4), st.binary(), st.booleans()))


def written(name: str, payload: bytes, large: bool = False) -> bytes:
    if large:
        return pack(">I4sQ", 1, name.encode(), 16 + len(payload)) + payload
    return pack(">I4s", 8 + len(payload), name.encode()) + payload


@given(BOXES)
def test_boxes_come_back(content: list[tuple[str, bytes, bool]]) -> None:
    data = b"".join(written(*box) for box in content)
    found = [(name, data[start:end]) for name, start, end in boxes(data)]
    assert found == [(name, payload) for name, payload, _ in content]


def test_size_zero_goes_up_to_the_end() -> None:
    data = written("free", b"") + b"\0\0\0\0mdat12345"
    assert list(boxes(data)) == [("free", 8, 8), ("mdat", 16, 21)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\0", "inside a box header"),
        (b"\0\0\0\x08mda", "inside a box header"),
        (b"\0\0\0\x07mdat", "says 7 bytes"),
        (b"\0\0\0\x09mdat", "says 9 bytes"),
        (b"\0\0\0\x02mdat", "says 2 bytes"),
        (b"\0\0\0\x01mdat\0\0\0\0", "says 0 bytes"),
        (b"\0\0\0\x01mdat" + pack(">Q", 15), "says 15 bytes"),
        (b"\0\0\0\x01mdat" + pack(">Q", 17), "says 17 bytes"),
        (b"\0\0\0\x01mdat" + pack(">Q", 1 << 63), "says"),
        (b"\0\0\0\x01mdat" + pack(">Q", 0) + b"1", "says 0 bytes"),
    ],
)
def test_boxes_that_do_not_fit_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        list(boxes(data))


@given(st.binary() | BOXES.map(lambda content: b"".join(written(*b) for b in content)[1:]))
def test_any_bytes_are_boxes_or_refused(data: bytes) -> None:
    position = 0
    try:
        for _, start, end in boxes(data):
            assert position + 8 <= start <= end <= len(data)
            position = end
    except FormatError:
        return
    assert position == len(data)


@pytest.mark.usefixtures("programs")
def test_the_tree_of_ffmpegs_file() -> None:
    movie = mp4_by_ffmpeg(encode_h264(64, 48))
    names = [name for name, _, _ in boxes(movie)]
    assert names[:4] == ["ftyp", "moov", "moof", "mdat"]
    assert find(movie, "moov", "trak", "mdia", "hdlr")[8:12] == b"vide"
    assert find(movie, "moov", "trak", "mdia", "minf", "stbl", "stsd", "avc1", "avcC")[0] == 1
    assert find(movie) == movie


def test_a_missing_box_is_named() -> None:
    with pytest.raises(FormatError, match="no 'trak' box"):
        find(written("moov", written("free", b"")), "moov", "trak")
