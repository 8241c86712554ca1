"""Timeline: where in media time a source's packets and frames belong, and when they are due."""

from collections.abc import Sequence

import av

from televise.media.source import AnyPacket, Input
from televise.media.unit import Place
from televise.model.clock import JUMP_SECONDS, MediaClock
from televise.model.ticks import to_seconds

# A stream that comes faster than it plays (a film on a web server) is read so far ahead.
AHEAD_SECONDS = 2.0
# One that has not been ahead for so long is live, and is never made to wait: its clock may be a
# little fast, and what is not read would become delay.
PROBATION_SECONDS = 20.0
# What says that it is shown for longer is broken.
MAX_DURATION_SECONDS = 60.0
_AAC_SAMPLES = 1024
_USUAL_SECONDS = 0.04


class Timeline:
    """The media time of one source, through all the times that it is opened.

    ``origin`` is the monotonic time at which media time is zero.
    """

    def __init__(self, origin: float) -> None:
        self._origin = origin
        self._clock = MediaClock(origin)
        self._inputs: Sequence[Input] = ()
        self._paced = False
        self._live_from = 0.0

    def restart(self, inputs: Sequence[Input], *, paced: bool, now: float) -> None:
        """The source is open (again); ``paced``: its times are true, it must be slowed to them."""
        self._inputs = inputs
        self._paced = paced
        self._live_from = now + PROBATION_SECONDS
        self._clock.restart(float("inf") if paced else JUMP_SECONDS)

    def seconds(self, now: float) -> float:
        """The media time at monotonic time ``now``."""
        return now - self._origin

    def resume(self) -> None:
        """What comes next has no relation to what came last: there was a pause."""
        self._clock.restart(float("inf") if self._paced else JUMP_SECONDS)

    def place(self, index: int, packet: AnyPacket, now: float) -> Place:
        """Where ``packet`` of input ``index`` belongs, which has come just now."""
        base = packet.time_base
        dts = packet.pts if packet.dts is None else packet.dts
        pts = packet.dts if packet.pts is None else packet.pts
        duration = to_seconds(packet.duration or 0, base)
        if not 0 < duration < MAX_DURATION_SECONDS:
            duration = self._usual_duration(index)
        source = to_seconds(dts or 0, base)
        seconds = self._clock.media_seconds(index, source, duration, now)
        shown = seconds + to_seconds((pts or 0) - (dts or 0), base)
        return Place(seconds, shown, duration, seconds - source)

    def place_frame(self, index: int, frame: av.VideoFrame | av.AudioFrame, now: float) -> Place:
        """Where a raw frame belongs."""
        rate = self._inputs[index].rate or 1.0
        duration = 1 / rate if isinstance(frame, av.VideoFrame) else frame.samples / rate
        source = frame.time or 0.0
        seconds = self._clock.media_seconds(index, source, duration, now)
        return Place(seconds, seconds, duration, seconds - source)

    def wait_seconds(self, place: Place, now: float) -> float:
        """How long to wait before this is due."""
        ahead = place.seconds - (now - self._origin)
        if self._paced:
            return max(0.0, ahead)
        if ahead > AHEAD_SECONDS and now < self._live_from:
            self._live_from = float("inf")
        return max(0.0, ahead - AHEAD_SECONDS) if now < self._live_from else 0.0

    def _usual_duration(self, index: int) -> float:
        source = self._inputs[index]
        if not source.rate:
            return _USUAL_SECONDS
        return (_AAC_SAMPLES if source.kind == "audio" else 1) / source.rate
