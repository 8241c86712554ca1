"""MPEG-1 video (FFmpeg's encoder), without a frame of delay."""

from fractions import Fraction

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from televise.errors import SourceError
from televise.formats import mpeg1
from televise.media.encoders.encoded import Encoded, Picture
from televise.media.planes import copy_of
from televise.media.shaper import Shaper
from televise.media.source import AnyPacket
from televise.model.track import Track

TIMESCALE = 90_000
KEYFRAME_SECONDS = 2.0
# At 640x360; larger pictures have fewer details per pixel.
DEFAULT_BITRATE, _DEFAULT_PIXELS, _PIXELS_EXPONENT = 1_500_000, 640 * 360, 0.75
# A keyframe may take a second's bits, but two pictures in a row must fit into the legacy client.
_MAX_PICTURE_BITS = mpeg1.JSMP_MAX_BYTES * 8 * 7 // 16
_RATE_TOLERANCE = Fraction(1999, 2000)
_OPTIONS = {
    "strict": "-1",  # with low_delay: packets come with their frames
    "sc_threshold": "1000000000",  # keyframes are ours to choose
    "mbcmp": "sse",  # 5 to 10 dB better than the default in drawn pictures, at no cost
}


class Mpeg1Encoder:
    """Encodes pictures as MPEG-1, an I picture with sequence header every two seconds or on demand.

    ``bitrate`` in bits per second, 0 for one that fits the size; ``fps`` is what rate control
    expects. MPEG-1 knows eight rates; the times of the packets are the pictures' own.
    """

    def __init__(
        self, like: av.VideoFrame, size: tuple[int, int], fps: float, bitrate: int, reason: str
    ) -> None:
        width, height = size
        if max(size) > mpeg1.MAX_SIDE:
            raise SourceError(f"{width}x{height}; MPEG-1 has up to {mpeg1.MAX_SIDE} pixels a side")
        self._shaper = Shaper(width, height, "yuv420p", full_range=False)
        self._context = _open(size, fps or 30.0, bitrate or default_bitrate(size))
        self._track = Track("video", "mpeg1video", TIMESCALE, b"", width, height, reason=reason)
        self._next_keyframe = float("-inf")
        self._count = 0
        self._last_ticks = -1

    def encode(self, picture: Picture, *, keyframe: bool) -> list[Encoded]:
        """The picture; I where asked, or where the last is too old."""
        frame = self._shaper.shape(picture)
        if frame is picture.frame:
            frame = copy_of(frame)  # other encoders have it too
        keyframe = keyframe or picture.seconds >= self._next_keyframe
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        frame.pts, frame.time_base = self._count, self._context.time_base
        self._count += 1
        if keyframe:
            self._next_keyframe = picture.seconds + KEYFRAME_SECONDS
        return [self._encoded(packet, picture) for packet in self._context.encode(frame)]

    def _encoded(self, packet: AnyPacket, picture: Picture) -> Encoded:
        self._last_ticks = max(round(picture.seconds * TIMESCALE), self._last_ticks + 1)
        return Encoded(
            self._track,
            bytes(packet),
            self._last_ticks,
            self._last_ticks,
            round(picture.duration * TIMESCALE),
            packet.is_keyframe,
            picture.captured,
            self._last_ticks / TIMESCALE,
        )


def default_bitrate(size: tuple[int, int]) -> int:
    """Bits per second for pictures of this size."""
    ratio: float = (size[0] * size[1] / _DEFAULT_PIXELS) ** _PIXELS_EXPONENT
    return int(DEFAULT_BITRATE * ratio)


def coded_rate(fps: float) -> Fraction:
    """The lowest of MPEG-1's frame rates that is not below ``fps``, or else the highest."""
    wanted = Fraction(fps).limit_denominator(100_000) * _RATE_TOLERANCE
    return next((rate for rate in mpeg1.FRAME_RATES if rate >= wanted), mpeg1.FRAME_RATES[-1])


def _open(size: tuple[int, int], fps: float, bitrate: int) -> VideoCodecContext:
    context = av.CodecContext.create("mpeg1video", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.sample_aspect_ratio = Fraction(1)
    context.framerate = coded_rate(fps)
    context.time_base = 1 / context.framerate
    context.thread_count, context.max_b_frames = 1, 0
    context.gop_size = 600  # the most that it takes; they are shorter
    context.flags |= Flags.low_delay | Flags.closed_gop
    context.bit_rate, buffer = _rate_control(bitrate, fps, context.framerate)
    limits = {"maxrate": str(context.bit_rate), "bufsize": str(buffer)}
    context.options = _OPTIONS | limits
    context.open()
    return context


def _rate_control(bitrate: int, fps: float, coded: Fraction) -> tuple[int, int]:
    """Bits per second at the ``coded`` rate, and the buffer in bits that no picture may outgrow."""
    picture = min(bitrate / fps, _MAX_PICTURE_BITS / 4)
    return int(picture * coded), int(min(max(bitrate, 4 * picture), _MAX_PICTURE_BITS))
