"""What a camera can do, asked of the kernel: Video4Linux2, as in linux/videodev2.h."""

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from errno import EINVAL

# struct v4l2_fmtdesc: index, type, flags, description[32], pixelformat, mbus_code, reserved[3]
_FORMAT = struct.Struct("=3I32s5I")
# struct v4l2_frmsizeenum: index, pixel_format, type, six numbers, reserved[2]
_SIZE = struct.Struct("=3I6I2I")
# struct v4l2_frmivalenum: index, pixel_format, width, height, type, three fractions, reserved[2]
_INTERVAL = struct.Struct("=5I6I2I")
_CAPTURE = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
_DISCRETE = 1  # V4L2_FRMSIZE_TYPE_DISCRETE, V4L2_FRMIVAL_TYPE_DISCRETE
_MOST = 64  # of each list; a driver that never ends one is broken

# Pixel format (V4L2_PIX_FMT_...): what we call it, and what FFmpeg does.
_FORMATS = {
    b"MJPG": ("mjpeg", "mjpeg"),
    b"JPEG": ("mjpeg", "mjpeg"),
    b"H264": ("h264", "h264"),
    b"YU12": ("raw", "yuv420p"),
    b"NV12": ("raw", "nv12"),
    b"YUYV": ("raw", "yuyv422"),
    b"UYVY": ("raw", "uyvy422"),
    b"RGB3": ("raw", "rgb24"),
    b"BGR3": ("raw", "bgr24"),
    b"GREY": ("raw", "gray"),
}
# Where a camera takes any size or rate between two, these are thought of.
_SIZES = ((320, 240), (640, 360), (640, 480), (1280, 720), (1920, 1080), (3840, 2160))
_RATES = (15.0, 25.0, 30.0, 60.0)

Control = Callable[[int, bytearray], None]


@dataclass(frozen=True, slots=True)
class Mode:
    """``format`` is mjpeg, h264 or raw, ``encoding`` FFmpeg's name of it; pixels, pictures a
    second."""

    format: str
    encoding: str
    width: int
    height: int
    fps: float

    def __str__(self) -> str:
        return f"{self.format} {self.width}x{self.height} at {self.fps:g}"


def list_modes(path: str) -> list[Mode]:
    """All that the camera at ``path`` offers. OSError."""
    import fcntl

    device = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        return list(modes(lambda code, data: (fcntl.ioctl(device, code, data, True), None)[1]))
    finally:
        os.close(device)


def modes(control: Control) -> Iterator[Mode]:
    """The same by ``control``, which is ioctl: it fills in the bytes, or raises OSError."""
    for pixels in _pixel_formats(control):
        if known := _FORMATS.get(pixels):
            for width, height in _sizes(control, pixels):
                for fps in _rates(control, pixels, width, height):
                    yield Mode(*known, width, height, fps)


def _pixel_formats(control: Control) -> Iterator[bytes]:
    for values in _enumerate(control, 2, _FORMAT, lambda index: (index, _CAPTURE, 0, b"")):
        yield struct.pack("=I", values[4])


def _sizes(control: Control, pixels: bytes) -> Iterator[tuple[int, int]]:
    code = int.from_bytes(pixels, "little")
    for _, _, kind, *numbers in _enumerate(control, 74, _SIZE, lambda index: (index, code)):
        if kind == _DISCRETE:
            yield numbers[0], numbers[1]
            continue
        least_width, most_width, _, least_height, most_height = numbers[:5]
        for width, height in (*_SIZES, (most_width, most_height)):
            if least_width <= width <= most_width and least_height <= height <= most_height:
                yield width, height
        return


def _rates(control: Control, pixels: bytes, width: int, height: int) -> Iterator[float]:
    code = int.from_bytes(pixels, "little")
    for _, _, _, _, kind, *numbers in _enumerate(
        control, 75, _INTERVAL, lambda index: (index, code, width, height)
    ):
        fastest = numbers[1] / max(1, numbers[0])
        yield fastest
        if kind != _DISCRETE:
            slowest = numbers[3] / max(1, numbers[2])
            yield from (rate for rate in _RATES if slowest <= rate < fastest)
            return


def _enumerate(
    control: Control,
    number: int,
    layout: struct.Struct,
    request: Callable[[int], tuple[int | bytes, ...]],
) -> Iterator[tuple[int, ...]]:
    """The answers to one request for index 0, 1, ... until EINVAL says that there are no more."""
    count = len(layout.unpack(bytes(layout.size)))
    for index in range(_MOST):
        asked = request(index)
        data = bytearray(layout.pack(*asked, *[0] * (count - len(asked))))
        try:
            control(_read_write(number, layout.size), data)
        except OSError as error:
            if error.errno == EINVAL:
                return
            raise
        yield layout.unpack(data)


def _read_write(number: int, size: int) -> int:
    """_IOWR('V', number, size) of asm-generic/ioctl.h."""
    return 3 << 30 | size << 16 | ord("V") << 8 | number
