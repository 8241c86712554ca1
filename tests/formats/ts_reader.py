"""A strict reader of transport streams, written from ISO/IEC 13818-1 and from nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass, field

PACKET = 188


@dataclass
class Pes:
    """One PES packet; ``length`` is what its header says, ``padded`` whether its end shows."""

    pid: int
    stream_id: int
    length: int
    pts: int
    dts: int
    data: bytes
    random_access: bool
    pcr: int | None
    padded: bool


@dataclass
class Packet:
    """One transport packet."""

    pid: int
    start: bool
    counter: int
    discontinuity: bool
    random_access: bool
    pcr: int | None
    has_field: bool
    payload: bytes


@dataclass
class Read:
    """What was found; ``errors`` are breaks of the continuity counters."""

    pes: list[Pes] = field(default_factory=list)
    clock: list[tuple[int, int]] = field(default_factory=list)
    sections: list[tuple[int, bytes]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def packets(data: bytes) -> Iterator[Packet]:
    """All packets; each must be well formed."""
    assert len(data) % PACKET == 0
    for position in range(0, len(data), PACKET):
        yield packet(data[position : position + PACKET])


def packet(data: bytes) -> Packet:
    assert data[0] == 0x47
    assert not data[1] & 0xA0, "transport_error_indicator and transport_priority"
    assert not data[3] & 0xC0, "transport_scrambling_control"
    control = data[3] >> 4 & 3
    assert control, "reserved"
    flags, pcr, at = 0, None, 4
    if control & 2:
        length = data[4]
        assert length <= 182 if control & 1 else length == 183
        at = 5 + length
        flags = data[5] if length else 0
        assert not flags & 0x2F
        used = 6
        if flags & 0x10:
            word = int.from_bytes(data[6:12], "big")
            assert word & 0x7E00 == 0x7E00
            pcr, used = (word >> 15) * 300 + (word & 0x1FF), 12
        assert set(data[used:at]) <= {0xFF}, "stuffing"
    return Packet(
        (data[1] & 0x1F) << 8 | data[2], bool(data[1] & 0x40), data[3] & 15, bool(flags & 0x80),
        bool(flags & 0x40), pcr, bool(control & 2), data[at:],
    )  # fmt: skip


def read(data: bytes) -> Read:
    """Demultiplex a whole stream, of which any part may begin at a keyframe."""
    found, counters, units = Read(), dict[int, int](), dict[int, list[Packet]]()
    for each in packets(data):
        last = counters.get(each.pid)
        expected = None if last is None else (last + bool(each.payload)) & 15
        if expected not in (None, each.counter) and not each.discontinuity:
            found.errors.append(f"PID {each.pid}: {each.counter} instead of {expected}")
        counters[each.pid] = each.counter
        if each.pcr is not None:
            found.clock.append((each.pid, each.pcr))
        if each.pid in (0, 0x1000):
            assert each.start
            found.sections.append((each.pid, section(each.payload)))
        elif each.payload:
            if each.start:
                finish(found, units.pop(each.pid, []))
            units.setdefault(each.pid, []).append(each)
    for unit in units.values():
        finish(found, unit)
    return found


def section(payload: bytes) -> bytes:
    """The section behind pointer_field, which the rest of the packet only stuffs."""
    assert payload[0] == 0
    end = 4 + ((payload[2] << 8 | payload[3]) & 0xFFF)
    assert set(payload[end:]) <= {0xFF}
    return payload[1:end]


def finish(found: Read, unit: list[Packet]) -> None:
    if not unit:
        return
    first = unit[0]
    assert first.start, "a PES packet must have its beginning"
    assert not any(each.has_field for each in unit[1:-1]), "jsmpeg takes that for the end"
    data = b"".join(each.payload for each in unit)
    assert data[:3] == b"\0\0\1"
    assert data[6] == 0x84, "aligned, and nothing else"
    length, flags, end = int.from_bytes(data[4:6], "big"), data[7], 9 + data[8]
    assert length in (0, len(data) - 6)
    pts = timestamp(data[9:14], 2 if flags == 0x80 else 3)
    dts = timestamp(data[14:19], 1) if flags == 0xC0 else pts
    assert flags in (0x80, 0xC0)
    found.pes.append(
        Pes(
            first.pid, data[3], length, pts, dts, data[end:], first.random_access, first.pcr,
            len(unit) > 1 and unit[-1].has_field,
        )
    )  # fmt: skip


def timestamp(data: bytes, prefix: int) -> int:
    assert data[0] >> 4 == prefix
    assert data[0] & data[2] & data[4] & 1, "marker bits"
    high, middle, low = data[0] >> 1 & 7, data[1] << 7 | data[2] >> 1, data[3] << 7 | data[4] >> 1
    return high << 30 | middle << 15 | low
