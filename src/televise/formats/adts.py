"""ADTS: AAC frames that carry their config with them, as MPEG-TS wants them.

Source: ISO/IEC 14496-3, 1.6.2.1 (AudioSpecificConfig) and 1.A.2.2 (ADTS).
"""

from televise.errors import FormatError
from televise.formats.aac import (
    ADTS_HEADER_BYTES,
    ESCAPE,
    EXPLICIT_RATE,
    PLAIN_TYPES,
    PS,
    SAMPLE_RATES,
    SBR,
)
from televise.formats.bits import BitReader

MAX_FRAME_BYTES = 0x1FFF
FULLNESS_VARIABLE = 0x7FF


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
        size = len(data) + ADTS_HEADER_BYTES
        if size > MAX_FRAME_BYTES:
            raise FormatError(f"an AAC frame of {len(data)} bytes; ADTS has 13 bits for its length")
        return (self._head | size << 13).to_bytes(ADTS_HEADER_BYTES, "big") + data


def _core(config: bytes) -> tuple[int, int, int]:
    """Object type, sampling frequency index and channel configuration of the core codec."""
    reader = BitReader(config)
    kind, rate = _object_type(reader), _rate_index(reader)
    channels = reader.bits(4)
    if kind in (SBR, PS):
        _rate_index(reader)
        kind = _object_type(reader)
    return kind, rate, channels


def _object_type(reader: BitReader) -> int:
    value = reader.bits(5)
    return 32 + reader.bits(6) if value == ESCAPE else value


def _rate_index(reader: BitReader) -> int:
    index = reader.bits(4)
    if index != EXPLICIT_RATE:
        rate = SAMPLE_RATES[index] if index < len(SAMPLE_RATES) else 0
    else:
        rate = reader.bits(24)
    if rate not in SAMPLE_RATES:
        raise FormatError("ADTS cannot express this sample rate")
    return SAMPLE_RATES.index(rate)
