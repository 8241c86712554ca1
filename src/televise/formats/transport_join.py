"""TransportJoin: two MPEG transport streams, one of pictures and one of sound, become one.

Each has a clock of its own, and they may use the same PIDs. What tells how their clocks are related
is only when it comes: the times of the one that has come later are moved by a constant, so that of
both the most prompt is as late as the other's.

Whoever joins gets PIDs that were not used before, and the table of streams a new version, so that
readers begin anew (`TransportSections`); counters need not continue. That happens where a picture
stands that can be decoded by itself.
"""

from collections.abc import Collection, Sequence

from televise.errors import Busy, FormatError
from televise.formats.mpegts import CLOCK_HZ, FIRST_PID, PACKET_BYTES, TABLES_SECONDS, Pid
from televise.formats.promptness import Promptness
from televise.formats.transport_packet import (
    begins,
    difference,
    is_random_access,
    moved,
    unit_at,
)
from televise.formats.transport_program import Elementary, TransportProgram, begins_well
from televise.formats.transport_table import PAT_PID, PMT_PID, make_pat, make_pmt
from televise.model.track import Kind

MAX_PARTS = 2
# Who joins another is listened to for so long first: it may begin with what has waited.
TRIAL_SECONDS = 0.5
# How long a picture that can be decoded by itself is waited for: before it, all viewers would wait.
KEYFRAME_SECONDS = 5.0
# Clocks that have gone so far apart are put together again.
MOST_APART_SECONDS = 0.2
_WORDS: dict[Kind, str] = {"video": "pictures", "audio": "sound"}
# Longer ones would not fit into a table of one packet.
_MAX_DESCRIPTORS = 64


class Part:
    """One of those that are joined."""

    def __init__(self) -> None:
        self.program = TransportProgram()
        self.streams: tuple[Elementary, ...] = ()
        self.promptness = Promptness()
        self.shift = 0
        # Its PIDs by those that it has itself: none until it is joined.
        self.pids: dict[int, int] = {}
        # Whether it is to be joined, perhaps again, and since when.
        self.waits = True
        self.since: float | None = None
        self._broken: set[int] = set()

    @property
    def kinds(self) -> set[Kind]:
        """What it has, as far as that is known."""
        return {stream.kind for stream in self.streams}

    @property
    def late(self) -> int:
        """How late the most prompt of it is by its moved times, in ticks."""
        return difference(self.promptness.least, self.shift)

    def taken(self, stream: Elementary, packet: bytes) -> bytes:
        """The packet as one of the joined stream; nothing where it is of no use."""
        if begins(packet):
            is_whole = unit_at(packet) < PACKET_BYTES
            (self._broken.discard if is_whole else self._broken.add)(stream.pid)
        pid = self.pids.get(stream.pid)
        if pid is None or stream.pid in self._broken:
            return b""
        return moved(packet, pid, self.shift)


class TransportJoin:
    """Give it what each of at most two parts sends; what it returns is one transport stream.

    ``now`` is when something came, in seconds of a clock that never goes back.
    """

    def __init__(self) -> None:
        self._parts: list[Part] = []
        # Whether one has gone that is in the table still.
        self._changed = False
        # Since when another set of streams could begin, and when the tables were sent last.
        self._due: float | None = None
        self._tables_at = 0.0
        self._version = 0
        self._next_pid = FIRST_PID
        self._pat, self._pmt = Pid(PAT_PID), Pid(PMT_PID)
        self._table = b""

    def enter(self) -> Part:
        """One more. Busy where there are two, or where one has pictures and sound."""
        kinds = [kind for part in self._parts for kind in part.kinds]
        if len(self._parts) >= MAX_PARTS or len(kinds) > 1:
            raise _busy(kinds)
        part = Part()
        self._parts.append(part)
        return part

    def feed(self, part: Part, data: bytes, now: float) -> bytes:
        """What ``data``, which comes from ``part``, adds. FormatError where it is not what it is
        said to be; Busy where the other one has the same. It must leave then."""
        pieces: list[bytes] = []
        for stream, packet in part.program.feed(data):
            if part.streams != part.program.streams:
                self._enter_streams(part)
            if stream not in part.streams:
                continue  # the table of streams is another one since
            if begins(packet):
                self._begin_unit(part, stream, packet, now, pieces)
            pieces.append(part.taken(stream, packet))
        return b"".join(pieces)

    def leave(self, part: Part) -> None:
        """It has gone."""
        self._parts.remove(part)
        if part.pids and any(each.pids for each in self._parts):
            self._changed = True

    def _enter_streams(self, part: Part) -> None:
        """What ``part`` has is known, or has become another."""
        part.streams = part.program.streams
        other = self._other(part)
        if other is not None and (same := part.kinds & other.kinds):
            raise _busy(same)
        part.promptness = Promptness()
        part.pids, part.waits, part.since = {}, True, None

    def _begin_unit(
        self, part: Part, stream: Elementary, packet: bytes, now: float, pieces: list[bytes]
    ) -> None:
        """A PES packet begins with ``packet``."""
        if not part.pids and self._other(part) and not begins_well(stream, packet):
            raise FormatError(f"its {_WORDS[stream.kind]} cannot be that: type {stream.type:#04x}")
        part.since = now if part.since is None else part.since
        if stream == part.streams[0] and part.promptness.add(stream.kind, packet, now):
            self._compare(part)
        is_new = self._is_time(part, stream, packet, now)
        if is_new:
            self._renew(now)
        if self._table and (is_new or now - self._tables_at >= TABLES_SECONDS):
            self._tables_at = now
            pieces += self._pat.section(make_pat(), is_new), self._pmt.section(self._table, is_new)

    def _compare(self, part: Part) -> None:
        """Put those together again that have gone apart."""
        other = self._other(part)
        if other is None or not (part.pids and other.pids):
            return
        if abs(difference(part.late, other.late)) > MOST_APART_SECONDS * CLOCK_HZ:
            self._parts[-1].waits = True

    def _is_time(self, part: Part, stream: Elementary, packet: bytes, now: float) -> bool:
        """Whether another set of streams is to begin with this packet."""
        ready = [each for each in self._parts if self._is_ready(each, now)]
        if not ready and not self._changed:
            self._due = None
            return False
        self._due = now if self._due is None else self._due
        if part not in ready and not part.pids:
            return False
        if not any(each.pids for each in self._parts):
            return True
        kinds = [kind for each in self._parts if each.pids or each in ready for kind in each.kinds]
        is_keyframe = stream.kind == "video" and is_random_access(packet)
        return is_keyframe or "video" not in kinds or now - self._due >= KEYFRAME_SECONDS

    def _is_ready(self, part: Part, now: float) -> bool:
        """Whether it is to be joined, and can be."""
        if not part.waits or part.since is None:
            return False
        other = self._other(part)
        if other is None or not other.pids:
            return True
        is_known = part.promptness.is_known and other.promptness.is_known
        return is_known and now - part.since >= TRIAL_SECONDS

    def _renew(self, now: float) -> None:
        """Join all that can be, and begin another table."""
        for part in self._parts:
            if self._is_ready(part, now):
                self._join(part)
        entries = [(part.pids[each.pid], each) for part in self._parts if part.pids
                   for each in part.streams]  # fmt: skip
        self._version = self._version + 1 & 31
        self._table = _pmt(entries, self._version)
        self._changed, self._due = False, None

    def _join(self, part: Part) -> None:
        """Give ``part`` PIDs, and times that agree with the other's."""
        other = self._other(part)
        shift = part.promptness.least - other.late if other is not None and other.pids else 0
        part.shift, part.waits = shift, False
        part.pids = {stream.pid: self._new_pid() for stream in part.streams}

    def _new_pid(self) -> int:
        """One that is not used, and was not for long."""
        used = {pid for part in self._parts for pid in part.pids.values()}
        while (pid := self._next_pid) in used:
            self._next_pid = _after(pid)
        self._next_pid = _after(pid)
        return pid

    def _other(self, part: Part) -> Part | None:
        return next((each for each in self._parts if each is not part), None)


def _after(pid: int) -> int:
    return pid + 1 if pid + 1 < PMT_PID else FIRST_PID


def _busy(kinds: Collection[Kind]) -> Busy:
    if len(kinds) == 1:
        [kind] = kinds
        return Busy(f"somebody sends {_WORDS[kind]} already: stop that")
    return Busy("somebody sends pictures already, and somebody sound: stop that")


def _pmt(streams: Sequence[tuple[int, Elementary]], version: int) -> bytes:
    """The table of streams; the clock is with the pictures, or whatever there is."""
    clock = next((pid for pid, each in streams if each.kind == "video"), streams[0][0])
    entries = [
        (each.type, pid, each.descriptors if len(each.descriptors) <= _MAX_DESCRIPTORS else b"")
        for pid, each in streams
    ]
    return make_pmt(entries, clock, version)
