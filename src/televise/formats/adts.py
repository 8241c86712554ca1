"""ADTS: AAC frames that carry their config with them, as MPEG-TS wants them.

Source: ISO/IEC 14496-3, 1.6.2.1 (AudioSpecificConfig) and 1.A.2.2 (ADTS).
"""

from televise.errors import FormatError
from televise.formats.aac import (
    CHANNELS,
    EXPLICIT_RATE,
    PLAIN_TYPES,
    PS,
    SAMPLE_RATES,
    SBR,
    AudioConfig,
    make_audio_config,
    object_type_of,
    table_rate,
)
from televise.formats.bits import BitReader

HEADER_BYTES = 7
CRC_BYTES = 2
MAX_FRAME_BYTES = 0x1FFF
FULLNESS_VARIABLE = 0x7FF


def is_adts(data: bytes) -> bool:
    """Whether ``data`` begins with an ADTS header, and with a second one behind its frame.

    A raw AAC frame never does: its first three bits would mean that it is over (ID_END).
    """
    if len(data) < HEADER_BYTES or not _is_header(data, 0):
        return False
    end = _frame_length(data, 0)
    return end > HEADER_BYTES and (end + 2 > len(data) or _is_header(data, end))


def split_adts(data: bytes) -> tuple[AudioConfig, list[bytes]]:
    """The config and the raw frames of an ADTS stream, without headers and checksums.

    FormatError where it is not one, is cut, changes its config, or is of a kind that we do not
    split: more than one raw block per frame, or channels described inside the frames.
    """
    frames: list[bytes] = []
    position = 0
    while position < len(data):
        if position + HEADER_BYTES > len(data) or not _is_header(data, position):
            raise FormatError("not ADTS: every frame must begin with a header (FFF)")
        if _config_bits(data, position) != _config_bits(data, 0):
            raise FormatError("the ADTS stream changes its config; it must stay the same")
        start, end = _payload(data, position)
        frames.append(data[start:end])
        position = end
    if not frames:
        raise FormatError("not ADTS: there is no data")
    kind, rate_index, configuration = _config_bits(data, 0)
    if configuration not in CHANNELS:
        raise FormatError("the ADTS frames describe their channels themselves; 1 to 7 is known")
    return make_audio_config(kind, table_rate(rate_index), CHANNELS[configuration]), frames


class AdtsFramer:
    """Puts headers before the raw frames of one AudioSpecificConfig.

    Of HE-AAC the core is described: the decoder finds the extension in the frames. FormatError
    for a config that ADTS cannot express.
    """

    def __init__(self, config: bytes) -> None:
        kind, rate, channels = _core(config)
        if kind not in PLAIN_TYPES or not 1 <= channels <= 7:
            raise FormatError(
                f"ADTS cannot express AAC type {kind}, channel configuration {channels}"
            )
        # Syncword, MPEG-4, layer 0, no checksum; profile, rate index, private bit, channels, and
        # four flags; length; fullness; one raw block.
        head = 0xFFF1 << 40 | (kind - 1) << 38 | rate << 34 | channels << 30
        self._head = head | FULLNESS_VARIABLE << 2

    def frame(self, data: bytes) -> bytes:
        """``data`` behind its header; FormatError where it is too long."""
        size = len(data) + HEADER_BYTES
        if size > MAX_FRAME_BYTES:
            raise FormatError(f"an AAC frame of {len(data)} bytes; ADTS has 13 bits for its length")
        return (self._head | size << 13).to_bytes(HEADER_BYTES, "big") + data


def _core(config: bytes) -> tuple[int, int, int]:
    """Object type, sampling frequency index and channel configuration of the core codec."""
    reader = BitReader(config)
    kind, rate = object_type_of(reader), _rate_index(reader)
    channels = reader.bits(4)
    if kind in (SBR, PS):
        _rate_index(reader)
        kind = object_type_of(reader)
    return kind, rate, channels


def _rate_index(reader: BitReader) -> int:
    index = reader.bits(4)
    if index != EXPLICIT_RATE:
        rate = SAMPLE_RATES[index] if index < len(SAMPLE_RATES) else 0
    else:
        rate = reader.bits(24)
    if rate not in SAMPLE_RATES:
        raise FormatError("ADTS cannot express this sample rate")
    return SAMPLE_RATES.index(rate)


def _is_header(data: bytes, position: int) -> bool:
    """Syncword FFF and layer 0; the bits between and behind are free."""
    return data[position] == 0xFF and data[position + 1] & 0xF6 == 0xF0


def _frame_length(data: bytes, position: int) -> int:
    """The length of a whole ADTS frame in bytes, header included (13 bits from bit 30)."""
    return int.from_bytes(data[position + 3 : position + 6], "big") >> 5 & 0x1FFF


def _config_bits(data: bytes, position: int) -> tuple[int, int, int]:
    """Object type, sampling frequency index and channel configuration of an ADTS header."""
    bits = int.from_bytes(data[position + 2 : position + 4], "big")
    return (bits >> 14) + 1, bits >> 10 & 0xF, bits >> 6 & 0x7


def _payload(data: bytes, position: int) -> tuple[int, int]:
    """Where the raw frame behind an ADTS header starts and ends."""
    checksum = 0 if data[position + 1] & 1 else CRC_BYTES  # protection_absent
    start, end = position + HEADER_BYTES + checksum, position + _frame_length(data, position)
    if not start < end <= len(data):
        raise FormatError("the ADTS frame length does not fit the data")
    if data[position + 6] & 3:  # number_of_raw_data_blocks_in_frame - 1
        raise FormatError("an ADTS frame holds several raw blocks; only one is supported")
    return start, end
