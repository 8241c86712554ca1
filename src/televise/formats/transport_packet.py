"""What stands in one packet of an MPEG transport stream, and how its times are moved.

Source: ISO/IEC 13818-1: 2.4.3.2 transport packets, 2.4.3.4 adaptation fields, 2.4.3.6 PES packets.
"""

from televise.formats.mpegts import PACKET_BYTES, SYNC, TIME_MASK, timestamp

_HALF = TIME_MASK + 1 >> 1
# Of adaptation fields.
_RANDOM_ACCESS, _PCR = 0x40, 0x10
_PCR_AT = 6
_TIME_BYTES = 5
# Of PES packets: where their flags, the length of what follows, and their times stand.
_FLAGS_AT, _LENGTH_AT, _TIMES_AT = 7, 8, 9


def until_sync(data: bytes, position: int) -> int:
    """How many bytes stand before what may be a packet."""
    found = data.find(SYNC, position)
    return (found if found >= 0 else len(data)) - position


def pid_of(packet: bytes) -> int:
    """Which stream it is of."""
    return int.from_bytes(packet[1:3], "big") & 0x1FFF


def is_usable(packet: bytes) -> bool:
    """Whether it came whole (transport_error_indicator) and is not scrambled."""
    return not packet[1] & 0x80 and not packet[3] & 0xC0


def begins(packet: bytes) -> bool:
    """Whether a PES packet or a section begins in it (payload_unit_start_indicator)."""
    return bool(packet[1] & 0x40)


def payload_at(packet: bytes) -> int:
    """Where its payload begins; PACKET_BYTES, where it has none."""
    if not packet[3] & 0x10:
        return PACKET_BYTES
    return min(PACKET_BYTES, 5 + packet[4] if packet[3] & 0x20 else 4)


def is_random_access(packet: bytes) -> bool:
    """Whether decoding can begin with it."""
    return bool(_field_flags(packet) & _RANDOM_ACCESS)


def unit_at(packet: bytes) -> int:
    """Where the access unit begins in the payload of a PES packet's first one; PACKET_BYTES, where
    not all of the header stands in it, or that is none."""
    start = payload_at(packet)
    if packet[start : start + 3] != b"\0\0\1" or start + _TIMES_AT > PACKET_BYTES:
        return PACKET_BYTES
    return min(PACKET_BYTES, start + _TIMES_AT + packet[start + _LENGTH_AT])


def time_of(packet: bytes) -> int | None:
    """When what begins in it is decoded, in ticks; None where it does not say so."""
    places = _time_places(packet)
    return parse_timestamp(packet[places[-1] :]) if places else None


def moved(packet: bytes, pid: int, ticks: int) -> bytes:
    """The same, as one of stream ``pid``, and all that its times and its clock say later by
    ``ticks``, which wraps around."""
    data = bytearray(packet)
    data[1] = packet[1] & 0xE0 | pid >> 8
    data[2] = pid & 0xFF
    if _field_flags(packet) & _PCR:
        clock = int.from_bytes(packet[_PCR_AT : _PCR_AT + 6], "big")
        # 33 bits at 90 kHz, 6 reserved ones, 9 bits of 27 MHz.
        base = (clock >> 15) + ticks & TIME_MASK
        data[_PCR_AT : _PCR_AT + 6] = (base << 15 | clock & 0x7FFF).to_bytes(6, "big")
    for place in _time_places(packet):
        prefix = packet[place] >> 4
        time = parse_timestamp(packet[place : place + _TIME_BYTES]) + ticks & TIME_MASK
        data[place : place + _TIME_BYTES] = timestamp(prefix, time)
    return bytes(data)


def difference(one: int, other: int) -> int:
    """How far ``one`` lies behind ``other``, in ticks, by the shorter way around."""
    return (one - other + _HALF & TIME_MASK) - _HALF


def _field_flags(packet: bytes) -> int:
    """The flags of its adaptation field; 0 where it has none, or one too short for its clock."""
    if not packet[3] & 0x20 or not packet[4]:
        return 0
    return packet[5] if packet[4] >= 7 else packet[5] & ~_PCR


def _time_places(packet: bytes) -> list[int]:
    """Where its PTS stands, and its DTS, as far as it has them (PTS_DTS_flags)."""
    if not begins(packet):
        return []
    start, end = payload_at(packet), unit_at(packet)
    # Some streams, such as padding, have no such header: its first two bits are 10.
    if end == PACKET_BYTES or packet[start + 6] & 0xC0 != 0x80:
        return []
    count = (0, 0, 1, 2)[packet[start + _FLAGS_AT] >> 6]
    places = [start + _TIMES_AT + number * _TIME_BYTES for number in range(count)]
    return [place for place in places if place + _TIME_BYTES <= end]


def parse_timestamp(field: bytes) -> int:
    """33 bits in three pieces, each before a marker bit (2.4.3.7)."""
    word = int.from_bytes(field[:_TIME_BYTES], "big")
    return (word >> 33 & 7) << 30 | (word >> 17 & 0x7FFF) << 15 | word >> 1 & 0x7FFF
