"""MediaClock: a source's timestamps become one media time that never jumps."""

from dataclasses import dataclass

# Timestamps may run ahead of the wall clock by this much (bursts, muxing) before it is a jump.
JUMP_SECONDS = 1.0
# A track follows another that has jumped, where that moves it by no more than this.
TOGETHER_SECONDS = 0.25
# Where a source's rounding goes back a little, media time still goes on: by this much.
LEAST_STEP_SECONDS = 0.001


class MediaClock:
    """Maps a source's seconds to the channel's media seconds, one offset for all its tracks.

    Media time zero is the channel's origin on the monotonic clock, so that a restarted worker
    goes on where the old one stopped. Where a source's timestamps go backwards, or ahead of the
    time that really passed, media time goes on with the next frame's place instead: that is a new
    offset, which the other tracks follow as soon as they come to that place.
    """

    def __init__(self, origin: float) -> None:
        self._origin = origin
        self._tolerance = JUMP_SECONDS
        self._offset: float | None = None
        self._last: dict[int, _Placed] = {}
        self._end = 0.0

    def media_seconds(self, track: int, dts: float, duration: float, now: float) -> float:
        """Media time of a packet with source time ``dts``, seen at monotonic time ``now``."""
        offset = self._choose(track, dts, now)
        if offset is None:
            offset = self._offset = self._next_media(track, now) - dts
        return self._remember(track, offset, dts, duration, now)

    def restart(self, tolerance: float = JUMP_SECONDS) -> None:
        """The source was opened again: its next timestamp has no relation to the last one.

        ``tolerance`` is how many seconds a timestamp may run ahead before it is a jump.
        """
        self._tolerance = tolerance
        self._offset = None
        self._last = {}

    def _choose(self, track: int, dts: float, now: float) -> float | None:
        """The offset by which this goes on best: the newest, or still the track's own.

        While one track has jumped and another has not, a busy machine or network makes both
        plausible, as enough time has passed.
        """
        last, newest = self._last.get(track), self._offset
        offsets = [] if newest is None else [newest, last.offset if last else newest]
        found = [each for each in offsets if self._is_plausible(last, dts + each, now)]
        if last is None or len(found) < 2:
            return found[0] if found else None
        steps = [abs(last.step(dts + each)) for each in found]
        return found[0] if steps[0] <= steps[1] + TOGETHER_SECONDS else found[1]

    def _is_plausible(self, last: "_Placed | None", media: float, now: float) -> bool:
        if last is None:
            others = [each.media for each in self._last.values()]
            latest = max(now - self._origin, *others)
            return min(others) - self._tolerance <= media <= latest + self._tolerance
        return -1.5 * last.duration < last.step(media) <= now - last.now + self._tolerance

    def _next_media(self, track: int, now: float) -> float:
        """Where a packet belongs whose own timestamp says nothing: after the last, or now."""
        if not self._last:
            return max(self._end, now - self._origin)
        if track in self._last:
            return self._last[track].end
        return max(last.media for last in self._last.values())

    def _remember(
        self, track: int, offset: float, dts: float, duration: float, now: float
    ) -> float:
        media = dts + offset
        if track in self._last:
            media = max(media, self._last[track].media + LEAST_STEP_SECONDS)
        self._last[track] = _Placed(media, duration, offset, now)
        self._end = max(self._end, media + duration)
        return media


@dataclass(frozen=True, slots=True)
class _Placed:
    """A track's last packet, which came at monotonic time ``now``."""

    media: float
    duration: float
    offset: float
    now: float

    @property
    def end(self) -> float:
        return self.media + self.duration

    def step(self, media: float) -> float:
        """How far behind its end, or before it, the next packet would lie."""
        return media - self.end
