"""H.264 NAL units: Annex B and length-prefixed (AVCC) forms, and their parameter sets.

Sources: ISO/IEC 14496-10 (Rec. ITU-T H.264) for NAL units and Annex B, ISO/IEC 14496-15 section
5.3 for the length-prefixed form and the AVCDecoderConfigurationRecord ("avcC").
"""

from collections.abc import Iterable
from dataclasses import dataclass

from televise.errors import FormatError, LocalError
from televise.formats.bits import BitReader, unescape
from televise.formats.sps import parse_sps

# nal_unit_type, ISO/IEC 14496-10 table 7-1.
SLICE = 1
IDR = 5
SEI = 6
SPS = 7
PPS = 8
AUD = 9
FILLER = 12

START_CODE = b"\0\0\0\1"
LENGTH_SIZES = (1, 2, 4)
B_SLICE_TYPES = (1, 6)  # ISO/IEC 14496-10 table 7-6
# first_mb_in_slice and slice_type are at most 63 bits each, plus emulation prevention.
SLICE_HEADER_BYTES = 24
# ISO/IEC 14496-15 5.3.3.1.2: for all other profiles the record ends with chroma and bit depth.
SHORT_RECORD_PROFILES = (66, 77, 88)
MAX_SPS = 31  # a field of 5 bits
MAX_PPS = 255  # a field of 8 bits
MAX_SET_BYTES = 0xFFFF  # a field of 16 bits


def split_annexb(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream (ISO/IEC 14496-10 B.1), without start codes.

    Empty units are left out. FormatError where something stands before the first start code.
    """
    # A unit never ends with a zero byte (7.4.1): zeros there belong to the next start code.
    first, *units = [part.rstrip(b"\0") for part in data.split(b"\0\0\1")]
    if first:
        raise FormatError("not Annex B: it must begin with a start code (00 00 01)")
    return [unit for unit in units if unit]


def split_avcc(data: bytes, length_size: int = 4) -> list[bytes]:
    """The NAL units of length-prefixed data (ISO/IEC 14496-15 5.3.4.2); empty ones are left out.

    ``length_size`` is in bytes, as `parse_record` gives it. FormatError where a length does not
    fit the data, LocalError for another ``length_size`` than 1, 2 or 4.
    """
    if length_size not in LENGTH_SIZES:
        raise LocalError(f"length_size is {length_size}; it must be 1, 2 or 4")
    nals, position, total = [], 0, len(data)
    while position < total:
        start = position + length_size
        position = start + int.from_bytes(data[position:start], "big")
        # A cut length field has start > total, so position > total as well.
        if position > total:
            raise FormatError("a NAL unit is longer than the data that holds it")
        if position > start:
            nals.append(data[start:position])
    return nals


def join_avcc(nals: Iterable[bytes]) -> bytes:
    """NAL units, each behind its length in 4 bytes (ISO/IEC 14496-15 5.3.4.2)."""
    pieces: list[bytes] = []
    for nal in nals:
        pieces += len(nal).to_bytes(4, "big"), nal
    return b"".join(pieces)


def join_annexb(nals: Iterable[bytes]) -> bytes:
    """NAL units, each behind a start code of 4 bytes (ISO/IEC 14496-10 B.1)."""
    pieces: list[bytes] = []
    for nal in nals:
        pieces += START_CODE, nal
    return b"".join(pieces)


def nal_type(nal: bytes) -> int:
    """The nal_unit_type of a NAL unit (ISO/IEC 14496-10 7.3.1); FormatError where it is empty."""
    if not nal:
        raise FormatError("an empty NAL unit; it must have at least its header byte")
    return nal[0] & 0x1F


def is_b_slice(nal: bytes) -> bool:
    """Whether this is a slice of a B picture (ISO/IEC 14496-10 7.3.3).

    False for everything but NAL type 1: an IDR picture has no B slices. FormatError where the
    slice header is cut off.
    """
    if nal_type(nal) != SLICE:
        return False
    reader = BitReader(unescape(nal[1 : 1 + SLICE_HEADER_BYTES]))
    reader.unsigned("first_mb_in_slice")
    return reader.unsigned("slice_type", 9) in B_SLICE_TYPES


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The SPS and PPS NAL units that a decoder needs first; at least one of each.

    FormatError where one is of another type, empty, too long or too many for an avcC record.
    """

    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.sps) <= MAX_SPS or not 1 <= len(self.pps) <= MAX_PPS:
            raise FormatError(f"{len(self.sps)} SPS and {len(self.pps)} PPS; there must be one")
        _check(self.sps, SPS, 4)  # header, profile, constraints, level
        _check(self.pps, PPS, 2)

    def record(self) -> bytes:
        """The AVCDecoderConfigurationRecord, "avcC" (ISO/IEC 14496-15 5.3.3.1), 4-byte lengths.

        FormatError where the first SPS of a High profile cannot be parsed.
        """
        head = b"\x01" + self.sps[0][1:4] + b"\xff"  # 6 reserved bits, lengthSizeMinusOne = 3
        sps = bytes([0xE0 | len(self.sps)]) + _with_sizes(self.sps)  # 3 reserved bits
        pps = bytes([len(self.pps)]) + _with_sizes(self.pps)
        return head + sps + pps + self._trailer()

    def _trailer(self) -> bytes:
        if self.sps[0][1] in SHORT_RECORD_PROFILES:
            return b""
        first = parse_sps(self.sps[0])
        depth = 0xF8 | (first.bit_depth - 8)
        return bytes([0xFC | first.chroma_format, depth, depth, 0])  # no SPS extensions

    def codec_string(self) -> str:
        """The ``codecs`` value for a MIME type, such as "avc1.64001F" (RFC 6381 section 3.3)."""
        return f"avc1.{self.sps[0][1:4].hex().upper()}"


def parse_record(record: bytes) -> tuple[ParameterSets, int]:
    """The parameter sets of an avcC record, and how many bytes its streams use per NAL length.

    Source: ISO/IEC 14496-15 5.3.3.1. FormatError where it is not one.
    """
    if len(record) < 7 or record[0] != 1:
        raise FormatError("not an avcC record: it must begin with version 1")
    length_size = 1 + (record[4] & 3)
    if length_size not in LENGTH_SIZES:
        raise FormatError("the avcC record has NAL lengths of 3 bytes; 1, 2 or 4 are allowed")
    sps, position = _sized(record, 6, record[5] & 0x1F)
    pps, _ = _sized(record, position + 1, int.from_bytes(record[position : position + 1], "big"))
    return ParameterSets(sps, pps), length_size


def parameter_sets_annexb(data: bytes) -> ParameterSets | None:
    """The different SPS and PPS units in an Annex B stream, in order; None without both kinds."""
    units = dict.fromkeys(split_annexb(data))
    sps = tuple(unit for unit in units if nal_type(unit) == SPS)
    pps = tuple(unit for unit in units if nal_type(unit) == PPS)
    return ParameterSets(sps, pps) if sps and pps else None


def _check(units: tuple[bytes, ...], kind: int, smallest: int) -> None:
    for unit in units:
        if nal_type(unit) != kind or not smallest <= len(unit) <= MAX_SET_BYTES:
            raise FormatError(f"not a parameter set: NAL unit type {kind}, up to 65535 bytes")


def _with_sizes(units: tuple[bytes, ...]) -> bytes:
    return b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


def _sized(record: bytes, position: int, count: int) -> tuple[tuple[bytes, ...], int]:
    """``count`` units behind 2-byte sizes, and the position after them."""
    units = []
    for _ in range(count):
        start = position + 2
        position = start + int.from_bytes(record[position:start], "big")
        if position > len(record):
            raise FormatError("the avcC record ends inside a parameter set")
        units.append(record[start:position])
    return tuple(units), position
