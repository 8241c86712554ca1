"""Demuxer: reads an open container and feeds its best picture and sound."""

import heapq
from collections.abc import Iterator
from dataclasses import replace

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from televise.media.source import AnyPacket, Feed, Input

# How far apart in a file the two tracks may be written.
INTERLEAVE_SECONDS = 1.0
_CHUNK = 65536


class Demuxer:
    """One container's best video and audio stream; ``inputs`` describes them."""

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        self._streams: list[VideoStream | AudioStream] = []
        video, audio = container.streams.best("video"), container.streams.best("audio")
        if isinstance(video, VideoStream):
            self._streams.append(video)
        if isinstance(audio, AudioStream):
            self._streams.append(audio)
        self.inputs = [_describe(stream) for stream in self._streams]

    def run(self, feed: Feed) -> None:
        """Feed every packet as it comes, until the end of the stream."""
        indexes = {stream.index: index for index, stream in enumerate(self._streams)}
        for packet in self._container.demux(self._streams):
            if feed.stopping:
                return
            if _has_content(packet):
                feed.packet(indexes[packet.stream_index], packet)

    def run_in_order(self, feed: Feed, offset: float) -> float:
        """Feed one pass of a file in the order of time, ``offset`` seconds later than it says.

        Returns the time at which the pass ends, which is where the next one begins.
        """
        end = offset
        start = self._start()
        for index, packet in self._by_time():
            if feed.stopping:
                return end
            _shift(packet, offset - start)
            end = max(end, _end(packet))
            feed.packet(index, packet)
        return end

    def rewind(self) -> None:
        """Go back to the beginning."""
        self._container.seek(0, backward=True, any_frame=False)
        for stream in self._streams:
            stream.codec_context.flush_buffers()

    def find_rotation(self) -> None:
        """Learn from the first picture how pictures must be turned; then go back."""
        for packet in self._container.demux(video=0):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    self.inputs[0] = replace(self.inputs[0], rotation=frame.rotation % 360)
                    self.rewind()
                    return

    def _start(self) -> float:
        return (self._container.start_time or 0) / 1_000_000

    def _by_time(self) -> Iterator[tuple[int, AnyPacket]]:
        """Packets of all streams by decode time; their places in a file may lie far apart."""
        indexes = {stream.index: index for index, stream in enumerate(self._streams)}
        waiting: list[tuple[float, int, int, AnyPacket]] = []
        newest = float("-inf")
        for count, packet in enumerate(self._container.demux(self._streams)):
            if not _has_content(packet):
                continue
            index = indexes[packet.stream_index]
            seconds = _seconds(packet)
            newest = max(newest, seconds)
            heapq.heappush(waiting, (seconds, count, index, packet))
            while waiting and (
                len(self._streams) == 1 or waiting[0][0] < newest - INTERLEAVE_SECONDS
            ):
                yield _index_and_packet(heapq.heappop(waiting))
        while waiting:
            yield _index_and_packet(heapq.heappop(waiting))


def _index_and_packet(entry: tuple[float, int, int, AnyPacket]) -> tuple[int, AnyPacket]:
    return entry[2], entry[3]


def _has_content(packet: AnyPacket) -> bool:
    return packet.size > 0 and (packet.dts is not None or packet.pts is not None)


def _seconds(packet: AnyPacket) -> float:
    ticks = packet.pts if packet.dts is None else packet.dts
    return float((ticks or 0) * packet.time_base)


def _end(packet: AnyPacket) -> float:
    ticks = packet.pts if packet.pts is not None else packet.dts
    return float(((ticks or 0) + (packet.duration or 0)) * packet.time_base)


def _shift(packet: AnyPacket, seconds: float) -> None:
    ticks = round(seconds / packet.time_base)
    if packet.pts is not None:
        packet.pts += ticks
    if packet.dts is not None:
        packet.dts += ticks


def _describe(stream: VideoStream | AudioStream) -> Input:
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
    context.thread_type = "SLICE"
    return Input(
        "video",
        context.codec.canonical_name,
        context,
        bytes(context.extradata or b""),
        pixel_format=context.pix_fmt or "",
        width=context.width,
        height=context.height,
        reorders=context.has_b_frames,
        rate=float(stream.average_rate or stream.base_rate or 0),
    )
