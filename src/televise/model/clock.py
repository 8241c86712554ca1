"""MediaClock: a source's timestamps become one media time that never jumps."""

# Timestamps may run ahead of the wall clock by this much (bursts, muxing) before it is a jump.
JUMP_SECONDS = 1.0
# Where a source's rounding goes back a little, media time still goes on: by this much.
LEAST_STEP_SECONDS = 0.001


class MediaClock:
    """Maps a source's seconds to the channel's media seconds, one offset for all its tracks.

    Media time zero is the channel's origin on the monotonic clock, so that a restarted worker
    goes on where the old one stopped. Where a source's timestamps go backwards, or ahead of the
    time that really passed, media time goes on with the next frame's place instead.
    """

    def __init__(self, origin: float) -> None:
        self._origin = origin
        self._tolerance = JUMP_SECONDS
        self._offsets: list[float] = []
        self._last: dict[int, tuple[float, float, float]] = {}
        self._end = 0.0

    def media_seconds(self, track: int, dts: float, duration: float, now: float) -> float:
        """Media time of a packet with source time ``dts``, seen at monotonic time ``now``."""
        for offset in self._offsets:
            if self._is_plausible(track, dts + offset, now):
                return self._remember(track, dts + offset, duration, now)
        self._offsets = [self._next_media(track, now) - dts, *self._offsets[:1]]
        return self._remember(track, dts + self._offsets[0], duration, now)

    def restart(self, tolerance: float = JUMP_SECONDS) -> None:
        """The source was opened again: its next timestamp has no relation to the last one.

        ``tolerance`` is how many seconds a timestamp may run ahead before it is a jump.
        """
        self._tolerance = tolerance
        self._offsets = []
        self._last = {}

    def _is_plausible(self, track: int, media: float, now: float) -> bool:
        if track not in self._last:
            ahead = media - (now - self._origin)
            return abs(ahead) <= self._tolerance
        last_media, duration, last_now = self._last[track]
        step = media - last_media
        return -duration / 2 < step <= (now - last_now) + duration + self._tolerance

    def _next_media(self, track: int, now: float) -> float:
        """Where a packet belongs whose own timestamp says nothing: after the last, or now."""
        if not self._last:
            return max(self._end, now - self._origin)
        if track in self._last:
            media, duration, _ = self._last[track]
            return media + duration
        return max(media for media, _, _ in self._last.values())

    def _remember(self, track: int, media: float, duration: float, now: float) -> float:
        if track in self._last:
            media = max(media, self._last[track][0] + LEAST_STEP_SECONDS)
        self._last[track] = (media, duration, now)
        self._end = max(self._end, media + duration)
        return media
