"""TransportSections: an MPEG transport stream, cut where what is in it becomes another.

A demuxer knows the streams that were there when it was opened: each section is for a new one.
"""

from televise.formats.mpegts import PACKET_BYTES, SYNC
from televise.formats.transport_packet import begins, payload_at, pid_of, until_sync
from televise.formats.transport_table import (
    PAT_PID,
    PAT_TABLE,
    PMT_TABLE,
    entries,
    program_pids,
    size_of,
)


class TransportSections:
    """Give it bytes as they come with `feed`; at a ``cut`` it keeps what follows until `resume`."""

    def __init__(self) -> None:
        self._rest = b""
        self._pat = b""
        self._pmt_pids: set[int] = set()
        # Types and PIDs, by the PID of their table.
        self._streams: dict[int, list[tuple[int, int]]] = {}
        self.cut = False

    def feed(self, data: bytes) -> bytes:
        """The packets of this section that are complete with ``data``."""
        data = self._rest + data
        end = position = 0
        while not self.cut and position + PACKET_BYTES <= len(data):
            if data[position] != SYNC:
                position += until_sync(data, position)
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

    def _changes(self, packet: bytes) -> bool:
        """Whether this packet begins another set of streams."""
        pid = pid_of(packet)
        if pid != PAT_PID and pid not in self._pmt_pids:
            return False
        table = _table(packet)
        if pid == PAT_PID and table[:1] == bytes([PAT_TABLE]):
            self._pat = packet
            self._pmt_pids = set(program_pids(table))
        elif pid != PAT_PID and table[:1] == bytes([PMT_TABLE]):
            streams = [(each[0], each[1]) for each in entries(table)]
            known, self._streams[pid] = self._streams.get(pid, streams), streams
            return known != streams
        return False


def _table(packet: bytes) -> bytes:
    """The section that begins and ends in this packet; b"" if none does."""
    payload = packet[payload_at(packet) :]
    if not begins(packet) or not payload:
        return b""
    section = payload[1 + payload[0] :]  # pointer_field
    size = size_of(section)
    return section[:size] if 3 < size <= len(section) else b""
