"""Fragments: fMP4 over WebSocket, for players that have no player's patience.

Some originals' pages put what comes into a SourceBuffer at its own times, and never seek: for them
the first picture must be at time zero. That is different for every viewer, so `FromZero` muxes for
one viewer alone, at the price of one more copy of each fragment. All others share.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from televise.formats import mp4
from televise.formats.box import boxes
from televise.formats.websocket import RESTARTING, binary_frame, close_frame
from televise.hub.each import Each
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from televise.web.dialogue import Wish

# Those who play at the times given show a gap as a halt, so nothing is skipped while that helps.
PATIENT_SECONDS = 4.0
# Those who play whatever comes next do not see a gap.
SEQUENCE_SECONDS = 1.0
# A longer pause would be a long picture, and all that comes after it that much late.
MAX_PAUSE_SECONDS = 0.5

Entries = Sequence[mp4.Entry]
Opening = Callable[[Entries, bytes], bytes]
"""What is sent before the first fragment, made of the init segment: whole WebSocket messages."""


def one_message(entries: Entries, segment: bytes) -> bytes:
    """The init segment as one message."""
    return binary_frame(segment)


def message_per_box(entries: Entries, segment: bytes) -> bytes:
    """``ftyp`` and ``moov`` as a message each."""
    ends = [end for _, _, end in boxes(segment)]
    return b"".join(binary_frame(segment[a:b]) for a, b in pairwise([0, *ends]))


class Shared:
    """Makes muxers: one fragment per message, at the channel's times, the same for everybody."""

    def __init__(self, opening: Opening = one_message) -> None:
        self._opening = opening

    def __call__(self, epoch: int, tracks: tuple[Track, ...]) -> Muxer:
        return _Fragments(tracks, self._opening, _Time())


class FromZero:
    """Makes muxers for one viewer: one fragment per message, the first one at time zero.

    ``first`` is what it opens with. A page has one SourceBuffer for what was announced: where the
    kinds of tracks change, the connection ends.
    """

    def __init__(self, first: Opening = one_message) -> None:
        self._first = first
        self._kinds: Sequence[str] = ()
        self._time = _Time(zero=None)

    def __call__(self, epoch: int, tracks: tuple[Track, ...]) -> Muxer:
        kinds = [track.kind for track in tracks]
        if self._kinds and kinds != self._kinds:
            return _farewell()
        opening = one_message if self._kinds else self._first
        self._kinds = kinds
        return _Fragments(tracks, opening, self._time)


def from_zero(rendition: Rendition, first: Opening = one_message) -> Wish:
    """Fragments for one viewer, all of them: whatever was muxed before it is ready, too."""
    return Wish(rendition, FromZero(first), PATIENT_SECONDS, burst=PATIENT_SECONDS)


class _Time:
    """When fragments begin and how long they last, in the viewer's time; and their numbers.

    Browsers drop everything up to the next keyframe where pictures are missing, and stand still
    there. So a picture after a short pause begins where the one before ended; a longer pause is
    taken out of the time. ``zero`` is the channel's time at the viewer's zero, None for the first
    picture's.
    """

    def __init__(self, zero: Fraction | None = Fraction(0)) -> None:
        self._zero = zero
        self._end: Fraction | None = None
        self.sequence = 0

    def place(self, packet: Packet, track: Track) -> tuple[int, int] | None:
        """Start and duration in ticks; None for sound from before the first picture."""
        scale = track.timescale
        start, length = Fraction(packet.dts, scale), Fraction(packet.duration, scale)
        if self._zero is None:
            self._zero = start
        start -= self._zero
        if track.kind == "video":
            start, length = self._close_gap(start, length)
        if start < 0:
            return None
        self.sequence += 1
        return int(start * scale), round(length * scale)

    def _close_gap(self, start: Fraction, length: Fraction) -> tuple[Fraction, Fraction]:
        end = start if self._end is None else self._end
        pause = start - end
        if self._zero is not None and (pause > MAX_PAUSE_SECONDS or start < 0):
            self._zero += pause
            start = end
        elif pause > 0:
            start, length = end, length + pause
        self._end = start + length
        return start, length


class _Fragments(Muxer):
    """A fragment, in one message, for each packet."""

    def __init__(self, tracks: tuple[Track, ...], opening: Opening, time: _Time) -> None:
        entries = [mp4.entry_of(track) for track in tracks]
        self._tracks = tracks
        self._time = time
        self._init = opening(entries, mp4.init_segment(entries))

    def mux(self, packet: Packet) -> Chunk:
        track = self._tracks[packet.track]
        place = self._time.place(packet, track)
        data = b"" if place is None else self._message(packet, track, *place)
        return Chunk(data, self._init, packet.keyframe, packet.seconds)

    def _message(self, packet: Packet, track: Track, start: int, duration: int) -> bytes:
        sample = mp4.Sample(
            packet.track + 1,
            start,
            duration,
            packet.pts - packet.dts,
            packet.keyframe or track.kind == "audio",
            packet.data,
        )
        return binary_frame(mp4.fragment(self._time.sequence, sample))


def _farewell() -> Muxer:
    """The muxer for a WebSocket whose client cannot follow the source any further."""
    close = close_frame(RESTARTING, "the source has changed: come again")
    return Each(lambda packet: b"", close)
