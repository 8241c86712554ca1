"""Damage: what of a source cannot be shown whole, since bytes of it were lost on the way."""

from collections.abc import Callable

from televise.link.messages import Damaged
from televise.media.source import AnyPacket
from televise.media.unit import Unit
from televise.model.track import Kind

# A source that has no keyframe for so long is shown as it is.
PATIENCE_SECONDS = 10.0
# Until a parser of sound has surely found where frames begin.
SOUND_SECONDS = 0.2


class Damage:
    """Leaves out pictures from a damaged one up to the next keyframe, and sound for a moment.

    FFmpeg marks packets where counters of MPEG-TS (ISO/IEC 13818-1 2.4.3.3) say that some are
    missing. Its parsers hold a picture back, so that the mark stands on the one before: neither
    that nor the next one is trusted. Sound that had syncwords (ADTS: ISO/IEC 14496-3 1.A.2.2; MPEG
    audio: 11172-3 2.4.1.3) is none without. Of a source that has lost something before, sound is
    held back until the next packet of it shows that this one was whole. ``tell`` is called with how
    many were left out.
    """

    def __init__(self, tell: Callable[[Damaged], None]) -> None:
        self._tell = tell
        self._untold = 0
        self._lossy = False
        self.forget()

    def forget(self) -> None:
        """The source begins anew."""
        self._since: float | None = None
        self._doubtful = False
        self._silent_until = float("-inf")
        self._synchronized = False
        self._held: Unit | None = None

    def sift(self, kind: Kind, unit: Unit) -> list[Unit]:
        """What can be shown now that ``unit`` has come: most often that."""
        if kind == "audio":
            whole = self._sift_sound(unit)
        else:
            whole = [unit] if self._is_whole_picture(unit) else []
        if self._untold and whole:
            self._tell(Damaged(self._untold))
            self._untold = 0
        return whole

    def _is_whole_picture(self, unit: Unit) -> bool:
        packet, seconds = unit.packet, unit.place.seconds
        doubtful, self._doubtful = packet.is_corrupt or self._doubtful, packet.is_corrupt
        if doubtful:
            self._lossy = True
            self._since = seconds if self._since is None else self._since
        elif packet.is_keyframe or seconds - (self._since or 0.0) > PATIENCE_SECONDS:
            self._since = None
        self._untold += self._since is not None
        return self._since is None

    def _sift_sound(self, unit: Unit) -> list[Unit]:
        held, self._held = self._held, None
        if not self._is_whole_sound(unit):
            self._lossy = True
            self._untold += 1 if held is None else 2
            return []
        if not self._lossy:
            return [unit]
        self._held = unit
        return [] if held is None else [held]

    def _is_whole_sound(self, unit: Unit) -> bool:
        if unit.packet.is_corrupt:
            self._silent_until = unit.place.seconds + SOUND_SECONDS
        if self._synchronized and not _has_syncword(unit.packet):
            return False
        self._synchronized = _has_syncword(unit.packet)
        return unit.place.seconds >= self._silent_until


def _has_syncword(packet: AnyPacket) -> bool:
    """Of MPEG audio, of which that of ADTS is one."""
    head = bytes(memoryview(packet)[:2])
    return len(head) == 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
