"""Playback: one pass of a file, in the order of time, put behind the pass before it."""

import heapq
from collections.abc import Iterable, Iterator

import av.error

from televise.media.decode_times import Numbered
from televise.media.demuxer import INTERLEAVE_SECONDS, Demuxer, nominal_rate, set_time
from televise.media.source import AnyPacket, Feed, Input
from televise.model.ticks import to_seconds, to_ticks

# A photograph is shown anew so often.
STILL_SECONDS = 1.0
# A longer pause is skipped: it is a fault in the file. In formats known for jumps, a shorter one.
MAX_PAUSE_SECONDS = 60.0
MAX_PAUSE_WHERE_JUMPS = 10.0


class Playback:
    """Feeds one pass of ``demuxer``'s file, which begins at ``begin`` seconds."""

    def __init__(self, demuxer: Demuxer, begin: float, *, still: bool) -> None:
        self._demuxer = demuxer
        self._begin = begin
        self._end = begin
        self._still = still
        self._block = 0.0
        self._last: dict[int, float] = {}
        self._shift = begin - demuxer.start
        self._most = MAX_PAUSE_WHERE_JUMPS if demuxer.may_jump else MAX_PAUSE_SECONDS
        self._order = TimeOrder(len(demuxer.inputs))

    def run(self, feed: Feed) -> float:
        """Feed until the end of the file; returns where the next pass begins."""
        for index, packet in self._order.sort(self._packets()):
            if feed.stopping:
                break
            self._absorb_jump(index, time_of(packet))
            if self._is_over_the_seam(self._demuxer.inputs[index], packet):
                continue
            end = end_of(packet) + self._shift
            _move(packet, self._shift)
            self._end = max(self._end, end)
            feed.packet(index, packet)
        return self._end

    def _packets(self) -> Iterator[Numbered]:
        """The file's packets, with times where it has none; a broken end is the end."""
        count = 0
        try:
            for index, packet in self._demuxer.packets():
                self._complete(self._demuxer.inputs[index], packet, count)
                count += 1
                yield index, packet
        except av.error.FFmpegError:
            if not count:
                raise

    def _complete(self, source: Input, packet: AnyPacket, number: int) -> None:
        """Add the times that the file does not tell, or tells in a way that cannot be."""
        if self._demuxer.untimed:
            set_time(source, packet, number / nominal_rate(source))
        if packet.duration and to_seconds(packet.duration, packet.time_base) > self._most:
            packet.duration = 0
        if self._still:
            packet.duration = to_ticks(STILL_SECONDS, packet.time_base)
        elif source.kind == "video" and not packet.duration:
            packet.duration = to_ticks(1 / nominal_rate(source), packet.time_base)

    def _absorb_jump(self, index: int, seconds: float) -> None:
        """Where the file's time jumps back, or far ahead, ours goes on."""
        ahead = seconds + self._shift - self._end
        back = self._last.get(index, seconds + self._shift) - (seconds + self._shift)
        if ahead > self._most or back > INTERLEAVE_SECONDS:
            self._shift -= ahead
        self._last[index] = seconds + self._shift

    def _is_over_the_seam(self, source: Input, packet: AnyPacket) -> bool:
        """Whether this is sound that lies mostly before the pass, or behind the last picture.

        Encoders leave a fraction of a second on both sides; it would push the passes apart.
        """
        if source.kind != "audio":
            return False
        length = to_seconds(packet.duration or 0, packet.time_base)
        if not source.codec.startswith("pcm"):
            # All blocks are equal, but that of the last one a file may say otherwise.
            length = self._block = max(self._block, length)
        middle = time_of(packet) + length / 2
        return middle + self._shift < self._begin or middle > self._order.cut


class TimeOrder:
    """Sorts packets of several tracks by decode time, without reading far ahead.

    Once all are read, ``cut`` is where the last picture ends, if only a little sound is behind it.
    """

    def __init__(self, tracks: int) -> None:
        self._tracks = tracks
        self._heap: list[tuple[float, int, int, AnyPacket]] = []
        self._newest = float("-inf")
        self._last: dict[int, float] = {}
        self._ends: dict[int, float] = {}
        self.cut = float("inf")

    def sort(self, packets: Iterable[Numbered]) -> Iterator[Numbered]:
        """The same packets; where time jumps back, all from before the jump come first."""
        for count, (index, packet) in enumerate(packets):
            seconds = time_of(packet)
            if seconds < self._last.get(index, seconds) - INTERLEAVE_SECONDS:
                yield from self._take(float("inf"))
                self._newest = float("-inf")
                self._ends = {}
            self._last[index] = seconds
            self._ends[index] = max(self._ends.get(index, seconds), end_of(packet))
            self._newest = max(self._newest, seconds)
            heapq.heappush(self._heap, (seconds, count, index, packet))
            lead = INTERLEAVE_SECONDS if self._tracks > 1 else 0.0
            yield from self._take(self._newest - lead)
        self._find_cut()
        yield from self._take(float("inf"))

    def _take(self, until: float) -> Iterator[Numbered]:
        while self._heap and self._heap[0][0] <= until:
            _, _, index, packet = heapq.heappop(self._heap)
            yield index, packet

    def _find_cut(self) -> None:
        if len(self._ends) > 1 and self._ends[1] - self._ends[0] < INTERLEAVE_SECONDS:
            self.cut = self._ends[0]


def time_of(packet: AnyPacket) -> float:
    """When it is decoded, in seconds."""
    ticks = packet.pts if packet.dts is None else packet.dts
    return to_seconds(ticks or 0, packet.time_base)


def end_of(packet: AnyPacket) -> float:
    """When it has been shown, in seconds."""
    ticks = packet.dts if packet.pts is None else packet.pts
    return to_seconds((ticks or 0) + (packet.duration or 0), packet.time_base)


def _move(packet: AnyPacket, seconds: float) -> None:
    ticks = to_ticks(seconds, packet.time_base)
    if packet.pts is not None:
        packet.pts += ticks
    if packet.dts is not None:
        packet.dts += ticks
