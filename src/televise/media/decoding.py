"""Decoding: one input's decoder, which runs only while somebody wants its frames."""

from heapq import heappop, heappush

import av
import av.error

from televise.media.encoders.encoded import Picture, Sound
from televise.media.source import Input
from televise.media.unit import Place, Unit

# Pictures that come out in another order than they went in come out no later than this.
_REORDER_SECONDS = 0.5
# More pictures than this are never between a decoder's two ends (H.264 holds 16 back).
_MOST_INSIDE = 64


class Decoding:
    """Decodes the packets of one input, once for all encodings."""

    def __init__(self, source: Input) -> None:
        self._source = source
        self._decoder = source.decoder
        self._running = False
        self._expected = float("-inf")
        self._arrivals: list[int] = []

    @property
    def resting(self) -> bool:
        """Whether there is something to decode, and it is not being decoded."""
        return self._decoder is not None and not self._running

    def stop(self) -> None:
        """Nobody wants frames; the next packet that is decoded need not follow the last."""
        self._running = False

    def decode(self, unit: Unit) -> list[Picture | Sound]:
        """The frames that are complete with ``unit``; none before the first keyframe."""
        if self._decoder is None or not self._begin(unit):
            return []
        # With B-frames another picture comes out than went in: this comes out with it.
        unit.packet.opaque = (unit.place, unit.captured)
        heappush(self._arrivals, unit.captured)
        if len(self._arrivals) > _MOST_INSIDE:
            heappop(self._arrivals)  # nothing comes out of it
        try:
            frames = self._decoder.decode(unit.packet)
        except av.error.FFmpegError:
            return []  # a broken packet; the decoder goes on with the next
        return [self._placed(frame, unit) for frame in frames]

    def _begin(self, unit: Unit) -> bool:
        if self._running:
            return True
        if self._source.kind == "video" and not unit.packet.is_keyframe:
            return False
        if self._decoder is not None:
            self._decoder.flush_buffers()
        self._arrivals.clear()
        self._running = True
        return True

    def _next_time(self, unit: Unit) -> float:
        """When a picture without a time is shown: after the last, or now."""
        now = unit.place.seconds
        return self._expected if abs(self._expected - now) < _REORDER_SECONDS else now

    def _in_order(self, captured: int) -> int:
        """When a picture was captured that arrived then. B-frames arrive after what is shown later:
        the first that is shown has the time of the first that came, so that times do not turn."""
        arrivals, oldest = self._arrivals, captured - round(_REORDER_SECONDS * 1e9)
        while arrivals and arrivals[0] < oldest:
            heappop(arrivals)  # nothing came out of it
        earliest = heappop(arrivals) if arrivals else captured
        reorders = getattr(self._decoder, "has_b_frames", False)
        return earliest if reorders else captured

    def _placed(self, frame: av.VideoFrame | av.AudioFrame, unit: Unit) -> Picture | Sound:
        own: tuple[Place, int] | None = frame.opaque  # type: ignore[assignment]
        place, captured = own or (unit.place, unit.captured)
        captured = self._in_order(captured)
        at = self._next_time(unit) if frame.time is None else frame.time + place.offset
        self._expected = at + place.duration
        if isinstance(frame, av.AudioFrame):
            return Sound(frame, at, captured)
        source = self._source
        return Picture(frame, at, place.duration, captured, source.rotation, source.pixel_aspect)
