"""What a camera says of itself, as the bytes that a kernel gives."""

import struct
from errno import EINVAL, EIO, ENOTTY
from pathlib import Path

import pytest

from televise.media.v4l2 import Mode, list_modes, modes

# As linux/videodev2.h and asm-generic/ioctl.h make them on x86 and ARM.
VIDIOC_ENUM_FMT = 0xC0405602
VIDIOC_ENUM_FRAMESIZES = 0xC02C564A
VIDIOC_ENUM_FRAMEINTERVALS = 0xC034564B
DISCRETE, CONTINUOUS, STEPWISE = 1, 2, 3

MJPG, YUYV, H264, BAYER = (int.from_bytes(name, "little") for name in
                           (b"MJPG", b"YUYV", b"H264", b"BA81"))  # fmt: skip


class Kernel:
    """Answers as a driver does: lists of formats, sizes and intervals; EINVAL after their end."""

    def __init__(
        self,
        formats: list[int],
        sizes: dict[int, list[tuple[int, ...]]],
        intervals: dict[tuple[int, int, int], list[tuple[int, ...]]],
    ) -> None:
        self.formats, self.sizes, self.intervals = formats, sizes, intervals

    def __call__(self, code: int, data: bytearray) -> None:
        assert code >> 16 & 0x3FFF == len(data)
        index, *rest = struct.unpack_from("=5I", data)
        try:
            if code == VIDIOC_ENUM_FMT:
                assert rest[0] == 1
                struct.pack_into("=I", data, 44, self.formats[index])
            elif code == VIDIOC_ENUM_FRAMESIZES:
                kind, *numbers = self.sizes[rest[0]][index]
                struct.pack_into(f"=I{len(numbers)}I", data, 8, kind, *numbers)
            else:
                assert code == VIDIOC_ENUM_FRAMEINTERVALS
                kind, *numbers = self.intervals[rest[0], rest[1], rest[2]][index]
                struct.pack_into(f"=I{len(numbers)}I", data, 16, kind, *numbers)
        except (IndexError, KeyError):
            raise OSError(EINVAL, "Invalid argument") from None


def test_a_webcam() -> None:
    kernel = Kernel(
        [YUYV, MJPG, BAYER],
        {
            YUYV: [(DISCRETE, 640, 480)],
            MJPG: [(DISCRETE, 1280, 720), (DISCRETE, 1920, 1080)],
            BAYER: [(DISCRETE, 640, 480)],
        },
        {
            (YUYV, 640, 480): [(DISCRETE, 1, 30), (DISCRETE, 1, 15)],
            (MJPG, 1280, 720): [(DISCRETE, 1, 60)],
            (MJPG, 1920, 1080): [(DISCRETE, 1001, 30000)],
            (BAYER, 640, 480): [(DISCRETE, 1, 30)],
        },
    )
    assert list(modes(kernel)) == [
        Mode("raw", "yuyv422", 640, 480, 30.0),
        Mode("raw", "yuyv422", 640, 480, 15.0),
        Mode("mjpeg", "mjpeg", 1280, 720, 60.0),
        Mode("mjpeg", "mjpeg", 1920, 1080, 30000 / 1001),
    ]


@pytest.mark.parametrize("kind", [STEPWISE, CONTINUOUS])
def test_a_camera_that_takes_any_size(kind: int) -> None:
    """Such as a Raspberry Pi's; from 320x240 to 1024x768, from 10 to 30 pictures a second."""
    kernel = Kernel(
        [H264],
        {H264: [(kind, 320, 1024, 2, 240, 768, 2)]},
        {
            (H264, width, height): [(kind, 1, 30, 1, 10, 1, 90)]
            for width, height in ((320, 240), (640, 360), (640, 480), (1024, 768))
        },
    )
    found = list(modes(kernel))
    assert {(mode.width, mode.height) for mode in found} == {
        (320, 240), (640, 360), (640, 480), (1024, 768)
    }  # fmt: skip
    assert [mode.fps for mode in found[:3]] == [30.0, 15.0, 25.0]
    assert str(found[0]) == "h264 320x240 at 30"


def test_a_driver_that_never_ends_its_list() -> None:
    def control(code: int, data: bytearray) -> None:
        if code != VIDIOC_ENUM_FMT:
            raise OSError(EINVAL, "Invalid argument")

    assert list(modes(control)) == []


def test_other_errors_are_told() -> None:
    def control(code: int, data: bytearray) -> None:
        raise OSError(EIO, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        list(modes(control))


def test_what_is_no_camera(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OSError, match=r"Inappropriate ioctl") as caught:
        list_modes(str(file))
    assert caught.value.errno == ENOTTY
