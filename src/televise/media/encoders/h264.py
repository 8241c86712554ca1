"""H.264 by libx264, without a frame of delay."""

import os
from fractions import Fraction

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace

from televise.errors import SourceError
from televise.formats import h264
from televise.media.encoders.encoded import Encoded, Picture
from televise.media.planes import copy_of
from televise.media.shaper import Shaper, is_rgb
from televise.media.source import AnyPacket
from televise.model.track import Track

TIMESCALE = 90_000
KEYFRAME_SECONDS = 2.0
_OPTIONS = {
    "preset": "superfast",
    "tune": "zerolatency",
    "forced-idr": "1",
    "x264-params": "scenecut=0:keyint=infinite",
}
_CONSTANT_QUALITY = "23"
_LEFT_OUT = {h264.SPS, h264.PPS, h264.AUD, h264.SEI, h264.FILLER}

_BT709_PRIMARIES, _SRGB_TRANSFER = 1, 13


class H264Encoder:
    """Encodes pictures as H.264 High, 4:2:0, with an IDR picture every two seconds or on demand.

    ``bitrate`` in bits per second, 0 for constant quality; ``fps`` is what rate control expects.
    """

    def __init__(
        self, like: av.VideoFrame, size: tuple[int, int], fps: float, bitrate: int, reason: str
    ) -> None:
        width, height = size
        self._shaper = Shaper(width, height, "yuv420p", full_range=False)
        self._context = _open(like, size, fps, bitrate)
        sets = h264.parameter_sets_annexb(bytes(self._context.extradata or b""))
        if sets is None:
            raise SourceError("the H.264 encoder gave no parameter sets")
        self._track = Track("video", "h264", TIMESCALE, sets.record(), width, height, reason=reason)
        self._next_keyframe = float("-inf")
        self._last_ticks = -1

    def encode(self, picture: Picture, *, keyframe: bool) -> list[Encoded]:
        """The picture as one access unit; IDR where asked, or where the last is too old."""
        frame = self._shaper.shape(picture)
        if frame is picture.frame:
            frame = copy_of(frame)  # other encoders have it too
        keyframe = keyframe or picture.seconds >= self._next_keyframe
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        self._last_ticks = max(round(picture.seconds * TIMESCALE), self._last_ticks + 1)
        frame.pts, frame.time_base = self._last_ticks, Fraction(1, TIMESCALE)
        if keyframe:
            self._next_keyframe = picture.seconds + KEYFRAME_SECONDS
        return [self._encoded(packet, picture) for packet in self._context.encode(frame)]

    def _encoded(self, packet: AnyPacket, picture: Picture) -> Encoded:
        nals = h264.split_annexb(bytes(packet))
        data = h264.join_avcc([nal for nal in nals if h264.nal_type(nal) not in _LEFT_OUT])
        pts = packet.pts or 0
        dts = pts if packet.dts is None else packet.dts
        return Encoded(
            self._track,
            data,
            pts,
            dts,
            round(picture.duration * TIMESCALE),
            packet.is_keyframe,
            picture.captured,
            dts / TIMESCALE,
        )


def _open(
    like: av.VideoFrame, size: tuple[int, int], fps: float, bitrate: int
) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, TIMESCALE)
    context.framerate = Fraction(fps or 30).limit_denominator(1001)
    context.thread_count = min(4, os.cpu_count() or 1)
    context.flags |= Flags.global_header
    context.color_range = ColorRange.MPEG
    _describe_colours(context, like)
    context.options = _OPTIONS | _rate_control(bitrate, fps or 30)
    context.open()
    return context


def _describe_colours(context: VideoCodecContext, like: av.VideoFrame) -> None:
    """As the pictures have them; the RGB of programs and screens is sRGB, and browsers guess
    otherwise (ISO/IEC 23091-2: primaries 8.1, transfer 8.2, matrix 8.3)."""
    if is_rgb(like):
        context.colorspace = Colorspace.ITU601
        context.color_primaries, context.color_trc = _BT709_PRIMARIES, _SRGB_TRANSFER
    else:
        context.colorspace = like.colorspace
        context.color_primaries, context.color_trc = like.color_primaries, like.color_trc


def _rate_control(bitrate: int, fps: float) -> dict[str, str]:
    """One second of buffer: keyframes may be larger than other pictures, but not for long."""
    if not bitrate:
        return {"crf": _CONSTANT_QUALITY}
    return {"b": str(bitrate), "maxrate": str(bitrate), "bufsize": str(bitrate)}
