"""Timeline: where in media time a source's packets and frames belong."""

from collections.abc import Sequence

import av

from televise.media.source import AnyPacket, Input
from televise.media.unit import Place
from televise.model.clock import JUMP_SECONDS, MediaClock
from televise.model.ticks import to_seconds

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
        self._gained = 0.0
        self._inputs: Sequence[Input] = ()
        self._paced = False

    def restart(self, inputs: Sequence[Input], *, paced: bool) -> None:
        """The source is open (again); ``paced``: its times are true, it must be slowed to them."""
        self._inputs = inputs
        self._paced = paced
        self._clock.restart(float("inf") if paced else JUMP_SECONDS)

    def seconds(self, now: float) -> float:
        """The media time at monotonic time ``now``."""
        return now - self._origin + self._gained

    def ahead(self, place: Place, now: float) -> float:
        """How long after monotonic time ``now`` what belongs there is due."""
        return place.seconds - self.seconds(now)

    def gain(self, seconds: float) -> None:
        """What comes so far ahead is now, and what came before it lies in the past: a live source
        began with a burst."""
        self._gained += seconds

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
        seconds = self._clock.media_seconds(index, source, duration, now + self._gained)
        shown = seconds + to_seconds((pts or 0) - (dts or 0), base)
        return Place(seconds, shown, duration, seconds - source)

    def place_frame(self, index: int, frame: av.VideoFrame | av.AudioFrame, now: float) -> Place:
        """Where a raw frame belongs."""
        rate = self._inputs[index].rate or 1.0
        duration = 1 / rate if isinstance(frame, av.VideoFrame) else frame.samples / rate
        source = frame.time or 0.0
        seconds = self._clock.media_seconds(index, source, duration, now + self._gained)
        return Place(seconds, seconds, duration, seconds - source)

    def _usual_duration(self, index: int) -> float:
        source = self._inputs[index]
        if not source.rate:
            return _USUAL_SECONDS
        return (_AAC_SAMPLES if source.kind == "audio" else 1) / source.rate
