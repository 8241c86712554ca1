"""Demuxer: the best picture and sound of an open container, packet by packet."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from televise.media.container import prepare
from televise.media.decode_times import DecodeTimes, Numbered
from televise.media.source import AnyPacket, Decoder, Feed, Input
from televise.model.ticks import to_seconds, to_ticks

# Formats whose packets carry no time. As files they have a nominal rate; live, they arrive in time.
UNTIMED = {
    *("mpjpeg", "mjpeg", "jpeg_pipe", "png_pipe", "webp_pipe"),
    *("h264", "hevc", "obu", "m4v", "mpegvideo"),
}
_DEFAULT_RATE = 25.0
# Pictures that come at once, because they had to be understood first, are so far apart.
_LEAST_STEP = 1 / 120
# How far apart in a file packets of the same time may be written.
INTERLEAVE_SECONDS = 1.0
# So many packets are read at most in search of the first picture.
_MOST_PEEKED = 200


class Demuxer:
    """One container's best video and audio stream; ``inputs`` describes them."""

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        self._streams = _best_streams(container)
        self._peeked: list[Numbered] = []
        self.untimed = container.format.name in UNTIMED
        self.inputs = [_describe(stream) for stream in self._streams]
        packets = self._read()
        self._rest = packets if self.untimed else DecodeTimes(self.inputs).complete(packets)

    @property
    def start(self) -> float:
        """The time in seconds at which it begins: with the picture, if sound is not far off."""
        start = (self._container.start_time or 0) / 1_000_000
        first = next((packet for index, packet in self._peek() if index == 0), None)
        if first is None or first.pts is None:
            return start
        own = to_seconds(first.pts, first.time_base)
        return own if abs(own - start) < INTERLEAVE_SECONDS else start

    @property
    def may_jump(self) -> bool:
        """Whether jumps in time are nothing unusual in this format (MPEG-TS, MPEG-PS)."""
        return bool(self._container.format.flags & 0x0200)  # AVFMT_TS_DISCONT

    def packets(self) -> Iterator[Numbered]:
        """Every packet with the number of its input, as it comes."""
        yield from self._peeked
        yield from self._rest

    def run(self, feed: Feed) -> None:
        """Feed a live stream: every packet as it comes, until the end."""
        if self._container.format.name.startswith("mov"):
            self.find_rotation()
        feed.opened(self.inputs)
        for index, packet in self._packets_in_time():
            if feed.stopping:
                return
            feed.packet(index, packet)

    def _packets_in_time(self) -> Iterator[Numbered]:
        """Packets of a live stream, the time of their arrival on those that have none."""
        arrival = 0.0
        try:
            for index, packet in self.packets():
                arrival = max(time.monotonic(), arrival + _LEAST_STEP)
                if self.untimed:
                    set_time(self.inputs[index], packet, arrival)
                yield index, packet
        except av.error.InvalidDataError:
            if not arrival:
                raise
            # It was media; that it breaks off in the middle of something is how streams end.

    def find_rotation(self) -> None:
        """Learn from the first picture how pictures must be turned."""
        for number, source in enumerate(self.inputs):
            if source.kind == "video" and (frame := self._first_picture(number)) is not None:
                self.inputs[number] = replace(source, rotation=frame.rotation % 360)

    def is_single_picture(self) -> bool:
        """Whether there is one picture and nothing else: a photograph."""
        while len(self._peeked) < 2 and (item := next(self._rest, None)) is not None:
            self._peeked.append(item)
        return len(self.inputs) == 1 and len(self._peeked) == 1 and self._is_video(0)

    def _is_video(self, number: int) -> bool:
        return self.inputs[number].kind == "video"

    def _first_picture(self, number: int) -> av.VideoFrame | None:
        decoder = self.inputs[number].decoder
        assert decoder is not None
        frame = None
        for index, packet in self._peek():
            if index == number and frame is None:
                frame = _decode_one(decoder, packet)
            if frame is not None:
                break
        decoder.flush_buffers()
        return frame

    def _peek(self) -> Iterator[Numbered]:
        """The first packets, which `packets` will yield again."""
        yield from self._peeked
        while len(self._peeked) < _MOST_PEEKED and (item := next(self._rest, None)) is not None:
            self._peeked.append(item)
            yield item

    def _read(self) -> Iterator[Numbered]:
        indexes = {stream.index: number for number, stream in enumerate(self._streams)}
        for packet in _demux(self._container, self._streams):
            timed = packet.dts is not None or packet.pts is not None
            if packet.size > 0 and (timed or self.untimed):
                yield indexes[packet.stream_index], packet


def _demux(
    container: InputContainer, streams: Sequence[VideoStream | AudioStream]
) -> Iterator[AnyPacket]:
    """All packets. At the end PyAV stumbles over streams that were not there when it began, as the
    text in an FLV: it is the end all the same."""
    with contextlib.suppress(IndexError):
        yield from container.demux(streams)


def set_time(source: Input, packet: AnyPacket, seconds: float) -> None:
    """Give a packet of ``source`` a time that it has not: that of decoding, and of showing."""
    packet.dts = to_ticks(seconds, packet.time_base)
    packet.pts = None if source.reorders else packet.dts


def nominal_rate(source: Input) -> float:
    """Pictures a second of a format that does not say when they are to be shown."""
    return source.rate or _DEFAULT_RATE


def _decode_one(decoder: Decoder, packet: AnyPacket) -> av.VideoFrame | None:
    try:
        frames = decoder.decode(packet)
    except av.error.FFmpegError:
        return None
    first = frames[0] if frames else None
    return first if isinstance(first, av.VideoFrame) else None


def _best_streams(container: InputContainer) -> list[VideoStream | AudioStream]:
    """One of each kind that can be decoded; the cover of a piece of music is no video."""
    streams = container.streams
    # FFmpeg's choice leaves out those that it knows nothing of yet.
    videos = [streams.best("video"), *streams.video]
    sounds = [streams.best("audio"), *streams.audio]
    found = [stream for stream in (_usable(videos), _usable(sounds)) if stream is not None]
    if len(found) > 1 and found[0].disposition & Disposition.attached_pic:
        del found[0]
    return found


def _usable(streams: Sequence[Stream | None]) -> VideoStream | AudioStream | None:
    for stream in streams:
        if isinstance(stream, VideoStream | AudioStream) and stream.codec_context is not None:
            return stream
    return None


def _describe(stream: VideoStream | AudioStream) -> Input:
    prepare(stream.codec_context)
    return _describe_audio(stream) if isinstance(stream, AudioStream) else _describe_video(stream)


def _describe_audio(stream: AudioStream) -> Input:
    context = stream.codec_context
    return Input(
        "audio",
        context.codec.canonical_name,
        context,
        bytes(context.extradata or b""),
        rate=context.sample_rate or 0,
        channels=context.channels or 0,
    )


def _describe_video(stream: VideoStream) -> Input:
    context = stream.codec_context
    return Input(
        "video",
        context.codec.canonical_name,
        context,
        bytes(context.extradata or b""),
        pixel_format=context.pix_fmt or "",
        width=context.width,
        height=context.height,
        pixel_aspect=float(stream.sample_aspect_ratio or Fraction(1)),
        coded_aspect=float(context.sample_aspect_ratio or Fraction(1)),
        reorders=context.has_b_frames,
        rate=float(stream.average_rate or stream.base_rate or 0),
    )
