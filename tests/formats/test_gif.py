import io
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from televise.errors import FormatError, LocalError
from televise.formats import gif
from televise.formats.gif import Control, Extension, Frame, Rectangle, Screen
from tests.formats.witness import ffmpeg, golden

RED_GREEN_BLUE_WHITE = bytes.fromhex("ff0000 00ff00 0000ff ffffff")
YELLOW_BLACK = bytes.fromhex("ffff00 000000")
NOTHING = bytes.fromhex("0202440100")


def compressed(width: int, height: int, *indices: int) -> bytes:
    """LZW by Pillow."""
    picture = Image.frombytes("P", (width, height), bytes(indices))
    return b"\x08" + picture.tobytes("gif", "P", 8, 0) + b"\0"


def three_frames() -> bytes:
    """The whole of 4x2 pixels, a part of it with a gap, one transparent pixel."""
    whole = compressed(4, 2, 0, 1, 2, 3, 3, 2, 1, 0)
    return b"".join(
        (
            gif.frame(Rectangle(0, 0, 4, 2), RED_GREEN_BLUE_WHITE, whole),
            gif.frame(Rectangle(1, 1, 2, 1), YELLOW_BLACK, compressed(2, 1, 0, 1), 1),
            gif.frame(Rectangle(0, 0, 1, 1), bytes(6), NOTHING, 0),
        )
    )


def frames(data: bytes) -> list[Frame]:
    return [block for block in gif.walk(data) if isinstance(block, Frame)]


def test_golden_bytes() -> None:
    assert gif.header(640, 360) == golden("gif_header")
    assert len(golden("gif_header")) == 32
    assert three_frames() == golden("gif_frames")


def test_a_frame_of_256_colours_begins_as_players_of_old_expect_it() -> None:
    data = gif.frame(Rectangle(0, 0, 640, 360), bytes(range(256)) * 3, NOTHING)
    head = "21f90404 0200 0000 2c 0000 0000 8002 6801 87"
    assert data == bytes.fromhex(head) + bytes(range(256)) * 3 + NOTHING


def test_walking_finds_what_was_written() -> None:
    data = gif.header(4, 2) + three_frames()
    screen, loop, *blocks = gif.walk(data)
    assert screen == Screen(4, 2, b"")
    assert loop == Extension(gif.APPLICATION, b"NETSCAPE2.0\x01\x01\x00")
    assert [block for block in blocks if not isinstance(block, Frame)] == []
    whole, part, life = frames(data)
    assert whole.place == Rectangle(0, 0, 4, 2)
    assert whole.palette == RED_GREEN_BLUE_WHITE
    assert whole.control == Control(disposal=1, delay=2)
    assert part.place == Rectangle(1, 1, 2, 1)
    assert part.control == Control(disposal=1, delay=2, transparent=1)
    assert life.data == NOTHING
    assert life.end == len(data)


def test_what_is_transparent_lets_the_frame_before_be_seen() -> None:
    colours = np.frombuffer(RED_GREEN_BLUE_WHITE, np.uint8).reshape(4, 3)
    expected = colours[[[0, 1, 2, 3], [3, 2, 1, 0]]]
    expected[1, 1] = 255, 255, 0
    with Image.open(io.BytesIO(gif.header(4, 2) + three_frames())) as picture:
        assert picture.info["loop"] == 1
        shown = [frame.convert("RGB") for frame in ImageSequence.Iterator(picture)]
    assert np.array_equal(np.asarray(shown[1]), expected)
    assert np.array_equal(np.asarray(shown[2]), expected)


@pytest.mark.parametrize("colours", range(1, 257))
def test_tables_have_a_power_of_two_of_entries(colours: int) -> None:
    data = gif.header(1, 1) + gif.frame(Rectangle(0, 0, 1, 1), bytes(3 * colours), NOTHING)
    entries = len(frames(data)[0].palette) // 3
    assert entries in (2, 4, 8, 16, 32, 64, 128, 256)
    assert colours <= entries < max(3, 2 * colours)


@pytest.mark.parametrize("size", [0, 2, 4, 257 * 3])
def test_palettes_that_cannot_be_are_refused(size: int) -> None:
    with pytest.raises(LocalError, match="256 colours"):
        gif.frame(Rectangle(0, 0, 1, 1), bytes(size), NOTHING)


@pytest.mark.parametrize(
    "place",
    [(0, 0, 0, 1), (0, 0, 1, 0), (-1, 0, 1, 1), (0, 0, 65536, 1), (65535, 0, 1, 1)],
    ids=str,
)
def test_places_that_cannot_be_are_refused(place: tuple[int, int, int, int]) -> None:
    with pytest.raises(LocalError, match="cannot be in a GIF"):
        gif.frame(Rectangle(*place), bytes(6), NOTHING)


def saved(**options: Any) -> bytes:
    """Three pictures by Pillow."""
    pictures = [Image.new("P", (30, 20), colour) for colour in (1, 2, 3)]
    for number, picture in enumerate(pictures):
        picture.putpalette([number * 40] * 24)
        picture.paste(7, (number, number, number + 5, number + 5))
    file = io.BytesIO()
    options = {"save_all": True, "append_images": pictures[1:], "duration": 70} | options
    pictures[0].save(file, "GIF", **options)
    return file.getvalue()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"save_all": False, "interlace": 1},
        {"disposal": 2, "transparency": 7},
        {"comment": b"hello", "loop": 0},
        {"save_all": False, "interlace": 0},
    ],
    ids=str,
)
def test_files_of_pillow(options: dict[str, Any]) -> None:
    data = saved(**options)
    with Image.open(io.BytesIO(data)) as picture:
        found = frames(data)
        assert len(found) == getattr(picture, "n_frames", 1)
        assert found[0].place == Rectangle(0, 0, 30, 20)
        assert found[0].interlaced == (options.get("interlace") == 1)
    if "comment" in options:
        assert Extension(0xFE, b"hello") in list(gif.walk(data))


@pytest.mark.usefixtures("programs")
def test_files_of_ffmpeg() -> None:
    """It writes a global table, then local ones, sub-rectangles and transparency."""
    source = ("-f", "lavfi", "-i", "testsrc=size=160x120:rate=10", "-frames:v", "20")
    data = ffmpeg(b"", *source, "-f", "gif", "-")
    found = frames(data)
    assert len(found) == 20
    assert len({frame.place for frame in found}) > 1
    assert any(frame.control.transparent is not None for frame in found)
    assert {frame.control.delay for frame in found} == {10}
    assert data[found[-1].end :] == b";"


def test_a_frame_without_a_table_has_the_global_one() -> None:
    data = b"GIF89a\4\0\2\0\x80\0\0" + YELLOW_BLACK + b"\x2c" + bytes(4) + b"\4\0\2\0\0" + NOTHING
    assert frames(data)[0].palette == YELLOW_BLACK
    assert frames(data)[0].control == Control()


def test_a_control_holds_for_one_frame_also_behind_a_comment() -> None:
    control, comment = b"\x21\xf9\4\x09\5\0\3\0", b"\x21\xfe\1!\0"
    frame = b"\x2c" + bytes(4) + b"\4\0\2\0\x80" + YELLOW_BLACK + NOTHING
    first, second = frames(gif.header(4, 2) + control + comment + frame + frame)
    assert first.control == Control(disposal=2, delay=5, transparent=3)
    assert second.control == Control()


def test_nothing_is_read_behind_the_trailer() -> None:
    assert len(list(gif.walk(gif.header(4, 2) + b";\xff\xff"))) == 2


def test_a_cut_gif_is_refused_unless_it_ends_with_a_block() -> None:
    data = gif.header(4, 2) + three_frames()
    begins = [gif.HEADER_BYTES, *(frame.end for frame in frames(data))]
    whole = {13, *begins, *(begin + 8 for begin in begins)}  # 8 is the control's size
    for size in range(len(data)):
        if size in whole:
            list(gif.walk(data[:size]))
        else:
            with pytest.raises(FormatError):
                list(gif.walk(data[:size]))


HEADER = gif.header(4, 2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "must begin with GIF87a"),
        (b"GIF88a" + HEADER[6:], "must begin with GIF87a"),
        (b"GIF89a\0\0\1\0\0\0\0", "width and a height"),
        (HEADER + b"\x99", "begins with 0x99"),
        (HEADER + b"\x21\xf9\3\0\0\0\0", "has 3 bytes"),
        (HEADER + b"\x2c" + bytes(9), "within 4x2"),
        (HEADER + b"\x2c\1\0\0\0\4\0\1\0\0", "within 4x2"),
        (HEADER + b"\x2c\0\0\0\0\4\0\2\0\0\2\0", "colour table"),
        (HEADER + b"\x2c\0\0\0\0\4\0\2\0\x80" + bytes(6) + b"\x0c\0", "2 to 12 bits"),
        (HEADER + b"\x21\xfe\5hi", "5 bytes wanted, 2 are left"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        list(gif.walk(data))


@given(st.binary(), st.sampled_from([0, 13, 32]))
def test_any_bytes_are_a_gif_or_refused(data: bytes, kept: int) -> None:
    try:
        for block in itertools.islice(gif.walk((HEADER + three_frames())[:kept] + data), 1000):
            assert isinstance(block, Screen | Frame | Extension)
    except FormatError:
        pass


@given(st.binary(max_size=2000))
def test_sub_blocks_hold_everything(data: bytes) -> None:
    comment = b"\x21\xfe" + gif.sub_blocks(data)
    assert list(gif.walk(HEADER + comment))[2:] == [Extension(0xFE, data)]
