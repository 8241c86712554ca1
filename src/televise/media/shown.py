"""Shown: one picture or some sound of a program, copied out of shared memory, ready to be fed."""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from televise.errors import FormatError
from televise.formats import jpeg
from televise.formats.picture import parse_picture
from televise.link.frames import SAMPLE_BYTES, Samples
from televise.link.mailbox import PIXEL_BYTES, Head
from televise.media.jpeg_feed import jpeg_input, jpeg_packet
from televise.media.picture_feed import check_size, decode
from televise.media.pixels import too_large
from televise.media.source import Feed, Input

_MICROSECONDS = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as a frame, or as JPEG where it came as that.

    ``captured`` is Unix nanoseconds; ``meta`` is what is to be told with it, JSON or ''.
    """

    picture: av.VideoFrame | bytes
    captured: int
    meta: str

    @classmethod
    def copy(cls, head: Head, data: memoryview, meta: bytes) -> "Shown":
        """For `televise.link.mailbox.Reader`. FormatError where ``data`` is no picture."""
        if problem := too_large(head.width, head.height):
            raise FormatError(f"it has {problem}")
        return cls(_copy_picture(head, data), head.captured, meta.decode(errors="replace"))

    @property
    def format(self) -> str:
        """What decoders and encoders must be made for."""
        return "jpeg" if isinstance(self.picture, bytes) else self.picture.format.name

    def describe(self, fps: float) -> Input:
        """What it is as an input; ``fps`` is pictures a second, 0 where that is not known."""
        if isinstance(self.picture, bytes):
            width, height = jpeg.size(self.picture)
            return jpeg_input(width, height, fps)
        width, height = self.picture.width, self.picture.height
        return Input("video", "rawvideo", width=width, height=height, rate=fps)

    def feed(self, feed: Feed, repeated: float) -> None:
        """Feed it as input 0; again where it was fed ``repeated`` seconds ago for the first time.

        Its time is that of its capture, so that sound which was captured then goes with it.
        """
        pts = self.captured // 1000 + round(repeated * 1_000_000)
        if isinstance(self.picture, bytes):
            feed.packet(0, jpeg_packet(self.picture, pts, _MICROSECONDS), self.captured)
        else:
            self.picture.pts, self.picture.time_base = pts, _MICROSECONDS
            feed.frame(0, self.picture, self.captured)


def audio_input(samples: Samples) -> Input:
    """What ``samples`` are as an input."""
    codec = {"s16": "pcm_s16le", "flt": "pcm_f32le"}[samples.format]
    return Input("audio", codec, rate=samples.rate, channels=samples.channels)


def audio_frame(samples: Samples) -> av.AudioFrame:
    """The samples, which are interleaved, as a frame with time base but without time."""
    dtype = "<i2" if samples.format == "s16" else "<f4"
    count = len(samples.data) // (SAMPLE_BYTES[samples.format] * samples.channels)
    values = np.frombuffer(samples.data, dtype, count * samples.channels)
    layout = "mono" if samples.channels == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(values.reshape(1, -1), samples.format, layout)
    frame.sample_rate, frame.time_base = samples.rate, _MICROSECONDS
    return frame


def _decode(data: bytes) -> av.VideoFrame:
    """PNG or WebP; of an animation the first picture."""
    picture = parse_picture(data)
    if picture is None:
        raise FormatError("the picture is not complete")
    check_size(picture)
    return next(decode(picture))[0]


def _copy_picture(head: Head, data: memoryview) -> av.VideoFrame | bytes:
    if head.format == "jpeg":
        return bytes(data)
    if head.format == "fault":
        raise FormatError(bytes(data).decode(errors="replace"))
    if head.format not in PIXEL_BYTES:
        return _decode(bytes(data))
    length = head.width * PIXEL_BYTES[head.format]
    frame = av.VideoFrame(head.width, head.height, head.format)
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    try:
        pixels = np.frombuffer(data, np.uint8).reshape(head.height, length)
    except ValueError as error:
        raise FormatError(f"{len(data)} bytes are no picture of {head.format}") from error
    rows[: head.height, :length] = pixels
    if head.format == "gray":
        frame.color_range, frame.colorspace = ColorRange.JPEG, Colorspace.ITU601
    return frame
