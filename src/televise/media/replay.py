"""Replay: the last seconds of a source, kept in memory for those who want to look back."""

import threading
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import av

from televise.media.encoders.encoded import Picture
from televise.media.encoders.jpeg import JpegEncoder
from televise.media.jpeg_feed import jpeg_input
from televise.media.source import Input
from televise.media.unit import Place, Unit
from televise.model.allowed import ALLOWED
from televise.model.rendition import Rendition

# If nothing else is said.
MAX_BYTES = ALLOWED["replay_megabytes"].usual << 20
# Of raw pictures, which are kept as JPEG, so many a second at most.
RAW_PICTURES_PER_SECOND = 5.0
_AS_IT_IS = Rendition("mjpeg")
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
    """At most ``seconds`` and ``max_bytes`` of a source, in whole GOPs; for several threads."""

    def __init__(self, seconds: float, max_bytes: int = MAX_BYTES) -> None:
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        # Each begins with a keyframe, and has the sound that came until the next.
        self._gops: deque[list[Kept]] = deque()
        self._bytes = 0
        self._jpeg: tuple[Input, JpegEncoder] | None = None
        self._due = float("-inf")

    def set_limit(self, max_bytes: int = MAX_BYTES) -> None:
        """So much from now on: what is older is forgotten."""
        with self._lock:
            self._max_bytes = max_bytes
            while self._bytes > max_bytes:
                self._forget_oldest()

    def append(self, source: Input, unit: Unit) -> None:
        """Keep one more packet."""
        keyframe = bool(unit.packet.is_keyframe)
        self._append(Kept(source, unit.data, unit.place, unit.captured, keyframe))

    def append_picture(self, picture: Picture) -> None:
        """Keep a picture that has not been encoded, if it is time for one."""
        if not self._seconds or picture.seconds < self._due:
            return
        self._due = picture.seconds + 1 / RAW_PICTURES_PER_SECOND
        width, height = _AS_IT_IS.fit(picture.frame.width, picture.frame.height)
        if self._jpeg is None or (self._jpeg[0].width, self._jpeg[0].height) != (width, height):
            self._jpeg = jpeg_input(width, height), JpegEncoder(width, height, 0, "")
        source, encoder = self._jpeg
        place = Place(picture.seconds, picture.seconds, 1 / RAW_PICTURES_PER_SECOND, 0.0)
        for encoded in encoder.encode(picture, keyframe=True):
            self._append(Kept(source, encoded.data, place, picture.captured, True))

    def between(self, begin: float, end: float) -> list[Kept]:
        """What is needed to show all from ``begin`` to ``end`` (seconds of media time), from the
        keyframe before on; nothing where so old a picture is not kept. It ends where the source
        has begun anew."""
        with self._lock:
            before = sum(gop[0].place.seconds <= begin for gop in self._gops)
            gops = [list(gop) for gop in islice(self._gops, before - 1, None)] if before else []
        found: list[Kept] = []
        for gop in gops:
            if gop[0].source is not gops[0][0].source or gop[0].place.seconds > end:
                break
            found += [each for each in gop if each.place.seconds <= end]
        return found

    @property
    def oldest(self) -> float | None:
        """The media time from which on there is something."""
        with self._lock:
            return self._gops[0][0].place.seconds if self._gops else None

    def _append(self, kept: Kept) -> None:
        if not self._seconds:
            return
        with self._lock:
            if kept.keyframe and kept.source.kind == "video":
                self._gops.append([])
            elif not self._gops:
                return
            self._gops[-1].append(kept)
            self._bytes += len(kept.data)
            while self._is_too_much(kept.place.seconds):
                self._forget_oldest()

    def _forget_oldest(self) -> None:
        self._bytes -= sum(len(each.data) for each in self._gops.popleft())

    def _is_too_much(self, now: float) -> bool:
        if self._bytes > self._max_bytes:
            return True
        return len(self._gops) > 1 and self._gops[1][0].place.seconds <= now - self._seconds
