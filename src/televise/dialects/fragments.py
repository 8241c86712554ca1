"""Fragments: fMP4 over WebSocket, for players that have no player's patience.

Some originals' pages put what comes into a SourceBuffer at its own times, and never seek: for them
the first picture must be at time zero. That is different for every viewer, so `FromZero` muxes for
one viewer alone, at the price of one more copy of each fragment. All others share.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from televise.dialects.each import farewell
from televise.formats import aac, mp4
from televise.formats.box import boxes
from televise.formats.websocket import binary_frame
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.track import Track

# Those who play at the times given show a gap as a halt, so nothing is skipped while that helps.
PATIENT_SECONDS = 4.0
# Those who play whatever comes next do not see a gap.
SEQUENCE_SECONDS = 1.0

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
        return _Fragments(tracks, self._opening, 0, _no_shift)


class FromZero:
    """Makes muxers for one viewer: one fragment per message, the first one at time zero.

    ``first`` is what it opens with, ``later`` what it gets when a new epoch begins. A page has one
    SourceBuffer for what was announced: where the kinds of tracks change, the connection ends.
    """

    def __init__(self, first: Opening = one_message, later: Opening = one_message) -> None:
        self._first = first
        self._later = later
        self._kinds: Sequence[str] = ()
        self._zero: Fraction | None = None
        self._muxer: _Fragments | None = None

    def __call__(self, epoch: int, tracks: tuple[Track, ...]) -> Muxer:
        kinds = [track.kind for track in tracks]
        if self._kinds and kinds != self._kinds:
            return farewell()
        opening = self._later if self._kinds else self._first
        self._kinds = kinds
        sequence = self._muxer.sequence if self._muxer else 0
        self._muxer = _Fragments(tracks, opening, sequence, self._shift)
        return self._muxer

    def _shift(self, packet: Packet, timescale: int) -> int:
        """Ticks from the channel's time to that of this viewer."""
        ticks = 0 if self._zero is None else int(self._zero * timescale)
        if self._zero is None or (packet.keyframe and packet.dts < ticks):
            self._zero, ticks = Fraction(packet.dts, timescale), packet.dts
        return ticks


class _Fragments:
    """Muxer: a fragment, in one message, for each packet."""

    def __init__(
        self,
        tracks: tuple[Track, ...],
        opening: Opening,
        sequence: int,
        shift: Callable[[Packet, int], int],
    ) -> None:
        entries = [_entry(track) for track in tracks]
        self._tracks = tracks
        self._shift = shift
        self._init = opening(entries, mp4.init_segment(entries))
        self.sequence = sequence

    def mux(self, packet: Packet) -> Chunk:
        track = self._tracks[packet.track]
        time = packet.dts - self._shift(packet, track.timescale)
        # Sound from before the first picture has no time at all.
        data = self._message(packet, track, time) if time >= 0 else b""
        return Chunk(data, self._init, packet.keyframe, packet.seconds)

    def _message(self, packet: Packet, track: Track, time: int) -> bytes:
        self.sequence += 1
        sample = mp4.Sample(
            packet.track + 1,
            time,
            packet.duration,
            packet.pts - packet.dts,
            packet.keyframe or track.kind == "audio",
            packet.data,
        )
        return binary_frame(mp4.fragment(self.sequence, sample))


def _no_shift(packet: Packet, timescale: int) -> int:
    return 0


def _entry(track: Track) -> mp4.Entry:
    if track.kind == "audio":
        return mp4.AudioEntry(aac.parse_audio_config(track.config), track.timescale)
    return mp4.VideoEntry(track.width, track.height, track.config, track.timescale)
