"""MPEG transport stream: packets of 188 bytes that interleave pictures and sound.

Source: ISO/IEC 13818-1 (Rec. ITU-T H.222.0): 2.4.3.2 transport packets, 2.4.3.4 adaptation fields,
2.4.3.6 PES packets. The tables are in `televise.formats.transport_table`.

All viewers get the same bytes, but each begins at the newest keyframe, and one that falls behind
skips to it. So what a keyframe begins is whole in itself: before it stand the tables, and of each
stream a packet without payload that has the discontinuity_indicator. It says that counters and
clock may not continue what came before. For all who missed nothing they do continue. (It has no
payload, because the next sound comes later than the keyframe.)

Where a PES packet ends can be seen without waiting for the next one: by its length, or, where it is
too long for that field, by the stuffing in its last packet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack

from televise.errors import LocalError
from televise.formats.transport_table import PAT_PID, PMT_PID, make_pat, make_pmt

PACKET_BYTES = 188
SYNC = 0x47
CLOCK_HZ = 90_000

# stream_type, table 2-34
MPEG1_VIDEO, MPEG1_AUDIO, AAC, H264 = 0x01, 0x03, 0x0F, 0x1B
VIDEO_TYPES = (MPEG1_VIDEO, H264)
# stream_id, table 2-22
VIDEO_ID, AUDIO_ID = 0xE0, 0xC0

FIRST_PID = 0x100
TABLES_SECONDS = 0.4
# 2.7.2: at most 0.1 s. A longer pause than the second is not bridged: nothing was sent in it.
PCR_SECONDS = 0.09
PCR_PAUSE_SECONDS = 1.0
# What time 0 is in the stream: pictures may be decoded before it, and nothing should wrap there.
ZERO_SECONDS = 1.0
# Times have 33 bits.
TIME_MASK = (1 << 33) - 1
# How long before its decoding a picture arrives: what sound that comes late has left.
DELAY_SECONDS = 0.3

_PAYLOAD_BYTES = PACKET_BYTES - 4
_MAX_PES_LENGTH = 0xFFFF
_ZERO, _DELAY = round(ZERO_SECONDS * CLOCK_HZ), round(DELAY_SECONDS * CLOCK_HZ)
_START = 0x4000
# adaptation_field_control
_PAYLOAD, _FIELD = 0x10, 0x20
# flags of the adaptation field
_DISCONTINUITY, _RANDOM_ACCESS, _PCR = 0x80, 0x40, 0x10


@dataclass(frozen=True, slots=True)
class Unit:
    """One picture or block of sound; times are ticks of 1/90000 s and may grow for ever."""

    data: bytes
    pts: int
    dts: int
    keyframe: bool


class Multiplexer:
    """Makes packets of the units of one program; ``stream_types`` are those of its streams.

    ``version`` (modulo 32) must be another one where the streams have changed.
    """

    def __init__(self, stream_types: Sequence[int], version: int) -> None:
        if not stream_types:
            raise LocalError("a transport stream must have at least one stream")
        kinds = [VIDEO_ID if kind in VIDEO_TYPES else AUDIO_ID for kind in stream_types]
        self._streams = [_Stream(FIRST_PID + n, kind) for n, kind in enumerate(kinds)]
        self._clock = kinds.index(VIDEO_ID) if VIDEO_ID in kinds else 0
        entries = [(kind, FIRST_PID + n, b"") for n, kind in enumerate(stream_types)]
        pmt = make_pmt(entries, FIRST_PID + self._clock, version % 32)
        self._tables = (Pid(PAT_PID), make_pat()), (Pid(PMT_PID), pmt)
        self._tables_at = self._clock_at = -1 << 62

    def mux(self, stream: int, unit: Unit) -> bytes:
        """The packets of one unit of the stream with this index.

        At a keyframe a viewer may begin, whichever units it has missed before.
        """
        pieces: list[bytes] = []
        is_clock = stream == self._clock
        if unit.keyframe or unit.dts - self._tables_at >= TABLES_SECONDS * CLOCK_HZ:
            pieces += [pid.section(section, unit.keyframe) for pid, section in self._tables]
            self._tables_at = unit.dts
        if unit.keyframe:
            self._begin(pieces, unit.dts)
        elif is_clock:
            self._bridge(pieces, unit.dts)
        self._streams[stream].add(pieces, unit, with_clock=is_clock)
        if is_clock:
            self._clock_at = unit.dts
        return b"".join(pieces)

    def _begin(self, pieces: list[bytes], ticks: int) -> None:
        """Nothing of what follows continues what came before."""
        for number, stream in enumerate(self._streams):
            pcr = ticks if number == self._clock else None
            pieces.append(stream.packet(0, b"", _field(_DISCONTINUITY, pcr)))

    def _bridge(self, pieces: list[bytes], ticks: int) -> None:
        """The clock readings that are missing since the last one."""
        step = int(PCR_SECONDS * CLOCK_HZ)
        if ticks - self._clock_at <= PCR_PAUSE_SECONDS * CLOCK_HZ:
            # Up to 0.1 s none is missing.
            for missing in range(self._clock_at + step, ticks - step // 9, step):
                pieces.append(self._streams[self._clock].packet(0, b"", _field(0, missing)))


class Pid:
    """The packets of one PID that we write."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._counter = 0
        self._plain = [pack(">BHB", SYNC, pid, _PAYLOAD | count) for count in range(16)]

    def section(self, section: bytes, is_new: bool) -> bytes:
        """One packet with the only section of a table, and stuffing behind it (2.4.4)."""
        field = _field(_DISCONTINUITY) if is_new else b""
        room = _PAYLOAD_BYTES - _field_bytes(field)
        return self.packet(_START, section.ljust(room, b"\xff"), field)

    def packet(self, start: int, payload: bytes, field: bytes) -> bytes:
        """One packet; ``field`` is the adaptation field's content, stuffed as far as it must be."""
        space = _PAYLOAD_BYTES - len(payload)
        control = (_PAYLOAD if payload else 0) | (_FIELD if space else 0)
        # Without payload the counter stays where it is (2.4.3.3).
        count = self._counter if payload else self._counter - 1 & 15
        self._counter = count + 1 & 15
        head = pack(">BHB", SYNC, start | self._pid, control | count)
        if not space:
            return head + payload
        if space > 1:
            field = (field or b"\0").ljust(space - 1, b"\xff")
        return b"".join((head, bytes((space - 1,)), field, payload))

    def middle(self, pieces: list[bytes], data: bytes, position: int) -> int:
        """Packets full of ``data``, from ``position`` to where less than a packet is left."""
        end = len(data) - _PAYLOAD_BYTES
        while position <= end:
            pieces += self._plain[self._counter], data[position : position + _PAYLOAD_BYTES]
            self._counter = self._counter + 1 & 15
            position += _PAYLOAD_BYTES
        return position


class _Stream(Pid):
    """The PID of an elementary stream."""

    def __init__(self, pid: int, kind: int) -> None:
        super().__init__(pid)
        self._kind = kind

    def add(self, pieces: list[bytes], unit: Unit, with_clock: bool) -> None:
        """The packets of one unit, with its decoding time as the clock in the first one."""
        flags = _RANDOM_ACCESS if unit.keyframe else 0
        field = _field(flags, unit.dts if with_clock else None)
        room = _PAYLOAD_BYTES - _field_bytes(field)
        pes = _pes(self._kind, unit, room)
        pieces.append(self.packet(_START, pes[:room], field))
        position = self.middle(pieces, pes, room)
        if position < len(pes):
            pieces.append(self.packet(0, pes[position:], b""))


def _field(flags: int, pcr: int | None = None) -> bytes:
    """The content of an adaptation field: flags, and the clock in ticks; empty where it can be."""
    if pcr is None:
        return bytes((flags,)) if flags else b""
    # 33 bits at 90 kHz, 6 reserved ones, 9 bits of 27 MHz.
    base = pcr + _ZERO - _DELAY & TIME_MASK
    return bytes((flags | _PCR,)) + (base << 15 | 0x7E00).to_bytes(6, "big")


def _field_bytes(field: bytes) -> int:
    """How much room it takes, with its length."""
    return 1 + len(field) if field else 0


def _pes(kind: int, unit: Unit, room: int) -> bytes:
    """A PES packet with one access unit, of which ``room`` bytes fit the first packet."""
    flags, times = _times(unit)
    length = 3 + len(times) + len(unit.data)
    if length > _MAX_PES_LENGTH:
        if kind != VIDEO_ID:
            raise LocalError(f"{len(unit.data)} bytes of sound; a PES packet has 65535")
        if (6 + length - room) % _PAYLOAD_BYTES == 0:
            times += b"\xff"  # so that its last packet is not full
        length = 0
    # data_alignment_indicator: an access unit begins here.
    head = pack(">IHBBB", 0x100 | kind, length, 0x84, flags, len(times))
    return b"".join((head, times, unit.data))


def _times(unit: Unit) -> tuple[int, bytes]:
    """PTS_DTS_flags and the times themselves: one, where they are the same."""
    if unit.pts == unit.dts:
        return 0x80, _timestamp(2, unit.pts)
    return 0xC0, _timestamp(3, unit.pts) + _timestamp(1, unit.dts)


def _timestamp(prefix: int, ticks: int) -> bytes:
    return timestamp(prefix, ticks + _ZERO & TIME_MASK)


def timestamp(prefix: int, ticks: int) -> bytes:
    """33 bits in three pieces, each before a marker bit (2.4.3.7)."""
    high = prefix << 4 | ticks >> 29 & 0x0E | 1
    return pack(">BHH", high, ticks >> 14 & 0xFFFE | 1, ticks << 1 & 0xFFFE | 1)
