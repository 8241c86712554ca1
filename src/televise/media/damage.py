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
    missing. Its parsers hold a picture back, so that the mark stands on the one before: the next
    one is doubtful, and waits for the one after it. If that is a keyframe it is shown: where a
    stream begins anew its counters jump as well, and nothing is missing.

    Sound that had syncwords (ADTS: ISO/IEC 14496-3 1.A.2.2; MPEG audio: 11172-3 2.4.1.3) is none
    without. Of a source that has lost something before, sound waits for the next packet, which
    shows that this one was whole. ``tell`` is called with how many were left out.
    """

    def __init__(self, tell: Callable[[Damaged], None]) -> None:
        self._tell = tell
        self._untold = 0
        self._lossy = False
        self.forget()

    def forget(self, *, paced: bool = False) -> None:
        """The source begins anew; of one that is ``paced``, a file, nothing is lost on a way."""
        self._paced = paced
        self._since: float | None = None
        self._doubtful = False
        self._picture: Unit | None = None
        self._silent_until = float("-inf")
        self._synchronized = False
        self._sound: Unit | None = None

    def sift(self, kind: Kind, unit: Unit) -> list[Unit]:
        """What can be shown now that ``unit`` has come: most often that."""
        if self._paced:
            return [unit]
        whole = self._sift_sound(unit) if kind == "audio" else self._sift_picture(unit)
        if self._untold and whole:
            self._tell(Damaged(self._untold))
            self._untold = 0
        return whole

    def _sift_picture(self, unit: Unit) -> list[Unit]:
        held, self._picture = self._picture, None
        doubtful, self._doubtful = self._doubtful, unit.packet.is_corrupt
        if held is not None and not unit.packet.is_keyframe:
            self._untold += 1
            self._since, held = held.place.seconds, None
        if doubtful and self._since is None:
            self._lossy, self._picture = True, unit
            return []
        if self._is_missing(unit, doubtful=doubtful):
            self._untold += 1
            return []
        return [unit] if held is None else [held, unit]

    def _is_missing(self, unit: Unit, *, doubtful: bool) -> bool:
        """Whether what it was made from was left out."""
        if self._since is None:
            return False
        late = unit.place.seconds - self._since > PATIENCE_SECONDS
        if not doubtful and (late or unit.packet.is_keyframe):
            self._since = None
        return self._since is not None

    def _sift_sound(self, unit: Unit) -> list[Unit]:
        held, self._sound = self._sound, None
        if not self._is_whole_sound(unit):
            self._lossy = True
            self._untold += 1 if held is None else 2
            return []
        if not self._lossy:
            return [unit]
        self._sound = unit
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
