"""TransportProgram: the pictures and the sound of one MPEG transport stream, packet by packet.

Source: ISO/IEC 13818-1: 2.4.4.3 the PAT, 2.4.4.8 the PMT, table 2-34 the types of streams; ETSI
EN 300 468 annex D and SMPTE RP 217 for what private ones say in their descriptors.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from televise.errors import FormatError
from televise.formats import kind
from televise.formats.mpegts import MPEG1_AUDIO, MPEG1_VIDEO, PACKET_BYTES, SYNC
from televise.formats.transport_packet import (
    begins,
    is_usable,
    payload_at,
    pid_of,
    unit_at,
    until_sync,
)
from televise.formats.transport_table import (
    CRC_BYTES,
    PAT_PID,
    PAT_TABLE,
    PMT_TABLE,
    crc32,
    entries,
    program_pids,
    size_of,
)
from televise.model.track import Kind

# So many bytes with nothing of a program in them are no transport stream of one.
MAX_STRANGE_BYTES = 256 << 10
_VIDEO_TYPES = {MPEG1_VIDEO, 0x02, 0x10, 0x1B, 0x24}  # MPEG-1, -2, -4, H.264, HEVC
_AUDIO_TYPES = {MPEG1_AUDIO, 0x04, 0x0F, 0x11, 0x81}  # MPEG-1, -2, AAC in ADTS, in LATM, AC-3
_PRIVATE = 0x06
_REGISTRATION = 0x05
_AUDIO_DESCRIPTORS = {0x6A, 0x7A, 0x7B}  # AC-3, E-AC-3, DTS
_AUDIO_REGISTRATIONS = {b"Opus", b"AC-3", b"EAC3", b"BSSD"}
_NULL_PID = 0x1FFF
_MAX_SECTION = 1024
# With what units of a type begin.
_CODE_TYPES, _SYNC_TYPES = {MPEG1_VIDEO, 0x02, 0x1B, 0x24}, {MPEG1_AUDIO, 0x04, 0x0F}


@dataclass(frozen=True, slots=True)
class Elementary:
    """One elementary stream; ``type`` and ``descriptors`` are as in the PMT."""

    kind: Kind
    type: int
    pid: int
    descriptors: bytes = b""


class TransportProgram:
    """Give it bytes as they come. ``streams`` are the first of each kind in its table, once that
    has come, and another tuple where they have changed."""

    def __init__(self) -> None:
        self.streams: tuple[Elementary, ...] = ()
        self._rest = b""
        self._head = b""
        self._strange = 0
        self._pat, self._pmt, self._pmt_pid = _Table(), _Table(), -1
        self._by_pid: dict[int, Elementary] = {}

    def feed(self, data: bytes) -> list[tuple[Elementary, bytes]]:
        """The packets of its streams that are complete with ``data``; what is between packets is
        left out. FormatError where there is nothing of a program for too long."""
        self._head = self._head or data[: kind.HEAD_BYTES]
        data = self._rest + data
        found: list[tuple[Elementary, bytes]] = []
        position = 0
        while position + PACKET_BYTES <= len(data):
            size = PACKET_BYTES if data[position] == SYNC else until_sync(data, position)
            packet = data[position : position + size]
            position += size
            self._strange += size
            if packet[0] == SYNC and (stream := self._look(packet)) is not None:
                found.append((stream, packet))
            elif self._strange > MAX_STRANGE_BYTES:
                raise FormatError(self.complaint)
        self._rest = data[position:]
        return found

    @property
    def complaint(self) -> str:
        """Why nothing of it can be shown."""
        looks = kind.kind_of(self._head)
        if not looks or looks == kind.TRANSPORT:
            return "there are neither pictures nor sound of MPEG-TS in it"
        return f"this is no MPEG-TS: it looks like {looks}"

    def _look(self, packet: bytes) -> Elementary | None:
        """Of which stream it is, if it is of any; tables are read."""
        if not is_usable(packet):
            return None
        pid = pid_of(packet)
        if pid == _NULL_PID:
            self._strange -= len(packet)  # it only fills
        elif pid == PAT_PID and (section := self._pat.add(packet)):
            is_pat = section[0] == PAT_TABLE
            self._pmt_pid = next(program_pids(section), -1) if is_pat else -1
        elif pid == self._pmt_pid and (section := self._pmt.add(packet)):
            self._enter(section)
        elif pid in self._by_pid:
            self._strange = 0
            return self._by_pid[pid]
        return None

    def _enter(self, section: bytes) -> None:
        if section[0] != PMT_TABLE:
            return
        streams = tuple(_first_of_each(section))
        if streams != self.streams:
            self.streams = streams
            self._by_pid = {stream.pid: stream for stream in streams}


def begins_well(stream: Elementary, packet: bytes) -> bool:
    """Whether the unit that begins in this packet does so as its type must, as far as is known."""
    unit = packet[unit_at(packet) :]
    if stream.type in _CODE_TYPES:
        return unit.startswith((b"\0\0\1", b"\0\0\0\1"))
    if stream.type in _SYNC_TYPES:
        return len(unit) > 1 and unit[0] == 0xFF and unit[1] >= 0xE0
    return True


class _Table:
    """The sections of one PID, put together."""

    def __init__(self) -> None:
        self._data = b""
        self._last = b""

    def add(self, packet: bytes) -> bytes:
        """The section that is complete with this packet, if it is another one than the last, and
        right; else nothing."""
        payload = packet[payload_at(packet) :]
        if begins(packet):
            self._data = payload[1 + payload[0] :] if payload else b""  # pointer_field
        elif self._data:
            self._data += payload
        size = size_of(self._data)
        if len(self._data) < max(size, 3) and size <= _MAX_SECTION:
            return b""
        section, self._data = self._data[:size], b""
        if section == self._last or not _is_right(section):
            return b""
        self._last = section
        return section


def _is_right(section: bytes) -> bool:
    """Whether it has a header and its checksum, and is in use already (current_next_indicator)."""
    is_whole = 8 + CRC_BYTES <= len(section) <= _MAX_SECTION
    return is_whole and bool(section[5] & 1) and not crc32(section)


def _first_of_each(pmt: bytes) -> Iterator[Elementary]:
    """The first one of pictures, and of sound."""
    kinds: set[Kind] = set()
    for type, pid, descriptors in entries(pmt):
        kind = _kind(type, descriptors)
        if kind is not None and kind not in kinds:
            kinds.add(kind)
            yield Elementary(kind, type, pid, descriptors)


def _kind(type: int, descriptors: bytes) -> Kind | None:
    if type in _VIDEO_TYPES:
        return "video"
    is_audio = type in _AUDIO_TYPES or (type == _PRIVATE and _is_private_audio(descriptors))
    return "audio" if is_audio else None


def _is_private_audio(descriptors: bytes) -> bool:
    at = 0
    while at + 2 <= len(descriptors):
        tag, length = descriptors[at], descriptors[at + 1]
        content = descriptors[at + 2 : at + 2 + length]
        if tag in _AUDIO_DESCRIPTORS or (
            tag == _REGISTRATION and content[:4] in _AUDIO_REGISTRATIONS
        ):
            return True
        at += 2 + length
    return False
