"""TransportSections: an MPEG transport stream, cut where what is in it becomes another.

A demuxer knows the streams that were there when it was opened: each section is for a new one.
Tables are as in ISO/IEC 13818-1: packets in 2.4.3.2, the PAT in 2.4.4.3, the PMT in 2.4.4.8.
"""

from televise.formats.mpegts import PACKET_BYTES, PAT_PID, SYNC

_PAT_TABLE, _PMT_TABLE = 0, 2
_SECTION_HEADER = 8
_CRC_BYTES = 4


class TransportSections:
    """Give it bytes as they come with `feed`; at a ``cut`` it keeps what follows until `resume`."""

    def __init__(self) -> None:
        self._rest = b""
        self._pat = b""
        self._pmt_pids: set[int] = set()
        self._streams: dict[int, bytes] = {}
        self.cut = False

    def feed(self, data: bytes) -> bytes:
        """The packets of this section that are complete with ``data``."""
        data = self._rest + data
        end = position = 0
        while not self.cut and position + PACKET_BYTES <= len(data):
            if data[position] != SYNC:
                position = self._find_sync(data, position + 1)
            elif self._changes(data[position : position + PACKET_BYTES]):
                self.cut = True
            else:
                position += PACKET_BYTES
            end = position
        self._rest = data[end:]
        return data[:end]

    def resume(self) -> bytes:
        """Begin the next section: its first bytes."""
        self.cut = False
        return self._pat + self.feed(b"")

    @staticmethod
    def _find_sync(data: bytes, start: int) -> int:
        found = data.find(SYNC, start)
        return found if found >= 0 else len(data)

    def _changes(self, packet: bytes) -> bool:
        """Whether this packet begins another set of streams."""
        pid = int.from_bytes(packet[1:3], "big") & 0x1FFF
        if pid != PAT_PID and pid not in self._pmt_pids:
            return False
        table = _table(packet)
        if pid == PAT_PID and table[:1] == bytes([_PAT_TABLE]):
            self._pat = packet
            self._pmt_pids = _program_pids(table)
        elif pid != PAT_PID and table[:1] == bytes([_PMT_TABLE]):
            streams = _streams(table)
            known, self._streams[pid] = self._streams.get(pid, streams), streams
            return known != streams
        return False


def _table(packet: bytes) -> bytes:
    """The section that begins and ends in this packet, without its checksum; b"" if none does."""
    start = 4
    if packet[3] & 0x20:  # an adaptation field
        start += 1 + packet[4]
    if not packet[1] & 0x40 or not packet[3] & 0x10 or start >= PACKET_BYTES:
        return b""
    start += 1 + packet[start]  # pointer_field
    length = int.from_bytes(packet[start + 1 : start + 3], "big") & 0xFFF
    end = start + 3 + length
    return packet[start : end - _CRC_BYTES] if length and end <= PACKET_BYTES else b""


def _program_pids(table: bytes) -> set[int]:
    """Where the PMTs are; program 0 is no program, but the network's table."""
    entries = [table[at : at + 4] for at in range(_SECTION_HEADER, len(table) - 3, 4)]
    return {int.from_bytes(entry[2:], "big") & 0x1FFF for entry in entries if entry[:2] != b"\0\0"}


def _streams(table: bytes) -> bytes:
    """The type and PID of each elementary stream, 3 bytes for each."""
    found = b""
    position = 12 + (int.from_bytes(table[10:12], "big") & 0xFFF)
    while position + 5 <= len(table):
        found += table[position : position + 3]
        position += 5 + (int.from_bytes(table[position + 3 : position + 5], "big") & 0xFFF)
    return found
