"""What stands in the tables of an MPEG transport stream, and the table of streams that we write.

A section is a whole table, with its header and its checksum. Source: ISO/IEC 13818-1: 2.4.4.3 the
PAT, 2.4.4.8 the PMT, annex A the checksum.
"""

from collections.abc import Iterable, Iterator
from struct import pack

PAT_PID, PMT_PID = 0, 0x1000
PROGRAM = 1
PAT_TABLE, PMT_TABLE = 0, 2
CRC_BYTES = 4
# What stands before the entries of a PAT.
_HEADER = 8

Entry = tuple[int, int, bytes]
"""An elementary stream: type, PID, and descriptors."""


def size_of(begin: bytes) -> int:
    """How long the section is that begins so, as far as its third byte."""
    return 3 + (int.from_bytes(begin[1:3], "big") & 0xFFF)


def program_pids(pat: bytes) -> Iterator[int]:
    """Where the PMTs are; program 0 is no program, but the network's table."""
    for at in range(_HEADER, len(pat) - CRC_BYTES - 3, 4):
        if pat[at : at + 2] != b"\0\0":
            yield int.from_bytes(pat[at + 2 : at + 4], "big") & 0x1FFF


def entries(pmt: bytes) -> Iterator[Entry]:
    """The elementary streams of a program."""
    end = len(pmt) - CRC_BYTES
    at = 12 + (int.from_bytes(pmt[10:12], "big") & 0xFFF)
    while at + 5 <= end:
        pid, length = (int.from_bytes(pmt[at + n : at + n + 2], "big") for n in (1, 3))
        yield pmt[at], pid & 0x1FFF, pmt[at + 5 : min(end, at + 5 + (length & 0xFFF))]
        at += 5 + (length & 0xFFF)


def make_pmt(streams: Iterable[Entry], clock_pid: int, version: int) -> bytes:
    """The table of these, of which one has the clock, behind a pointer_field."""
    body = pack(">HH", 0xE000 | clock_pid, 0xF000)
    for kind, pid, descriptors in streams:
        body += pack(">BHH", kind, 0xE000 | pid, 0xF000 | len(descriptors)) + descriptors
    return _section(PMT_TABLE, PROGRAM, version, body)


def make_pat() -> bytes:
    """The table that says where the PMT of our only program is, behind a pointer_field."""
    return _section(PAT_TABLE, 1, 0, pack(">HH", PROGRAM, 0xE000 | PMT_PID))


def _section(table: int, identifier: int, version: int, body: bytes) -> bytes:
    """The only section of a table, behind the pointer_field (2.4.4.2)."""
    head = pack(">BHHBBB", table, 0xB000 | len(body) + 9, identifier, 0xC1 | version << 1, 0, 0)
    return b"\0" + head + body + pack(">I", crc32(head + body))


def _remainder(register: int) -> int:
    """What eight more bits make of a byte at the top of the register."""
    for _ in range(8):
        register = register << 1 ^ (0x104C11DB7 if register >> 31 else 0)
    return register


_REMAINDERS = [_remainder(byte << 24) for byte in range(256)]


def crc32(data: bytes) -> int:
    """The checksum of annex A: polynomial 04C11DB7, most significant bit first, start FFFFFFFF.
    Over a section with its checksum it is 0."""
    register = 0xFFFFFFFF
    for byte in data:
        register = (register << 8 & 0xFFFFFFFF) ^ _REMAINDERS[register >> 24 ^ byte]
    return register
