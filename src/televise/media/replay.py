"""Replay: the last seconds of a source, kept in memory for those who want to look back."""

import threading
from collections import deque
from dataclasses import dataclass
from fractions import Fraction

import av

from televise.media.encoders.encoded import Picture
from televise.media.encoders.jpeg import JpegEncoder
from televise.media.jpeg_feed import jpeg_input
from televise.media.source import Input
from televise.media.unit import Place, Unit

MAX_BYTES = 32 << 20
# Of raw pictures, which are kept as JPEG, so many a second at most.
RAW_PICTURES_PER_SECOND = 5.0
_TIME_BASE = Fraction(1, 90_000)


@dataclass(frozen=True, slots=True)
class Kept:
    """One encoded packet of ``source``, without what FFmpeg holds for it."""

    source: Input
    data: bytes
    place: Place
    captured: int
    keyframe: bool

    def unit(self) -> Unit:
        """As it came; its own times are those of the channel."""
        packet = av.Packet(self.data)
        packet.time_base = _TIME_BASE
        packet.dts = round(self.place.seconds / _TIME_BASE)
        packet.pts = round(self.place.shown_seconds / _TIME_BASE)
        packet.duration = round(self.place.duration / _TIME_BASE)
        packet.is_keyframe = self.keyframe
        place = Place(self.place.seconds, self.place.shown_seconds, self.place.duration, 0.0)
        return Unit(0, packet, self.data, place, self.captured)


class Replay:
    """At most ``seconds`` of a source and 32 MB, in whole GOPs. For use by several threads."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._kept: deque[Kept] = deque()
        self._keyframes: deque[float] = deque()
        self._bytes = 0
        self._jpeg: tuple[Input, JpegEncoder] | None = None
        self._due = float("-inf")

    def append(self, source: Input, unit: Unit) -> None:
        """Keep one more packet."""
        keyframe = bool(unit.packet.is_keyframe)
        self._append(Kept(source, unit.data, unit.place, unit.captured, keyframe))

    def append_picture(self, picture: Picture) -> None:
        """Keep a picture that has not been encoded, if it is time for one."""
        if not self._seconds or picture.seconds < self._due:
            return
        self._due = picture.seconds + 1 / RAW_PICTURES_PER_SECOND
        width, height = picture.frame.width // 2 * 2, picture.frame.height // 2 * 2
        if self._jpeg is None or (self._jpeg[0].width, self._jpeg[0].height) != (width, height):
            self._jpeg = jpeg_input(width, height), JpegEncoder(width, height, 0, "")
        source, encoder = self._jpeg
        place = Place(picture.seconds, picture.seconds, 1 / RAW_PICTURES_PER_SECOND, 0.0)
        for encoded in encoder.encode(picture, keyframe=True):
            self._append(Kept(source, encoded.data, place, picture.captured, True))

    def between(self, begin: float, end: float) -> list[Kept]:
        """What is needed to show all from ``begin`` to ``end`` (seconds of media time), from the
        keyframe before on; nothing where so old a picture is not kept, or the source has begun anew
        since."""
        with self._lock:
            before = [seconds for seconds in self._keyframes if seconds <= begin]
            first = before[-1] if before else None
            kept = [
                each for each in self._kept if first is not None and first <= each.place.seconds
            ]
        video = next((each.source for each in kept if each.source.kind == "video"), None)
        found: list[Kept] = []
        for each in kept:
            is_new = each.source.kind == "video" and each.source is not video
            if each.place.seconds > end or is_new:
                break
            found.append(each)
        return found

    @property
    def oldest(self) -> float | None:
        """The media time from which on there is something."""
        with self._lock:
            return self._keyframes[0] if self._keyframes else None

    def _append(self, kept: Kept) -> None:
        if not self._seconds:
            return
        leads = kept.keyframe and kept.source.kind == "video"
        with self._lock:
            if leads:
                self._keyframes.append(kept.place.seconds)
            elif not self._keyframes:
                return
            self._kept.append(kept)
            self._bytes += len(kept.data)
            while self._is_too_much(kept.place.seconds):
                self._forget_gop()

    def _is_too_much(self, now: float) -> bool:
        if self._bytes > MAX_BYTES:
            return True
        return len(self._keyframes) > 1 and self._keyframes[1] <= now - self._seconds

    def _forget_gop(self) -> None:
        """The oldest keyframe, and all up to the next."""
        self._keyframes.popleft()
        until = self._keyframes[0] if self._keyframes else float("inf")
        while self._kept and self._kept[0].place.seconds < until:
            self._bytes -= len(self._kept.popleft().data)
