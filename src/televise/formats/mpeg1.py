"""MPEG-1 video: what its headers say, and the rules of the legacy ``jsmp`` protocol.

Source: ISO/IEC 11172-2, sections 2.4.2 (syntax) and 2.4.3 (semantics). Start codes cannot occur
inside other data, so they are found by searching for them.

``jsmp`` is what the first versions of jsmpeg speak over a WebSocket: 8 bytes that tell the size,
then the elementary stream, at most one picture per message. The client never reads sequence
headers; that is why the stream must do without what only they could tell.
"""

from dataclasses import dataclass
from fractions import Fraction
from struct import pack

from televise.errors import FormatError, LocalError
from televise.formats.bits import BitReader

PICTURE_CODE = b"\0\0\1\0"
SEQUENCE_CODE = b"\0\0\1\xb3"
GROUP_CODE = b"\0\0\1\xb8"

# picture_coding_type
I_PICTURE, P_PICTURE, B_PICTURE = 1, 2, 3

# picture_rate, from code 1 on
FRAME_RATES = (
    Fraction(24_000, 1001), Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(30),
    Fraction(50), Fraction(60_000, 1001), Fraction(60),
)  # fmt: skip
# horizontal_size and vertical_size have 12 bits
MAX_SIDE = 4095
VARIABLE_BITRATE = 0x3FFFF

# What the buffer of the legacy client holds.
JSMP_MAX_BYTES = 512 << 10


@dataclass(frozen=True, slots=True)
class SequenceHeader:
    """What stands before a picture at which a decoder may begin.

    ``bitrate`` is bits per second, 0 for a variable one.
    """

    width: int
    height: int
    frame_rate: Fraction
    bitrate: int
    own_matrices: bool


def parse_sequence_header(data: bytes) -> SequenceHeader:
    """Parse the header that ``data`` begins with; FormatError where it is not one."""
    if not data.startswith(SEQUENCE_CODE):
        raise FormatError("not an MPEG-1 sequence header: it must begin with 00 00 01 B3")
    reader = BitReader(data[4:])
    width, height = reader.bits(12), reader.bits(12)
    reader.skip(4)  # pel_aspect_ratio
    rate, bitrate = reader.bits(4), reader.bits(18)
    reader.skip(1 + 10 + 1)  # marker_bit, vbv_buffer_size, constrained_parameters_flag
    own = reader.flag()
    if own:
        reader.skip(64 * 8)  # intra_quantizer_matrix
    own |= reader.flag()
    if not width or not height or not 1 <= rate <= len(FRAME_RATES):
        raise FormatError(f"an MPEG-1 sequence of {width}x{height} with frame rate code {rate}")
    bits = 0 if bitrate == VARIABLE_BITRATE else bitrate * 400
    return SequenceHeader(width, height, FRAME_RATES[rate - 1], bits, own)


def picture_types(data: bytes) -> list[int]:
    """The picture_coding_type of each picture in ``data``; FormatError where one is cut off."""
    types = []
    position = data.find(PICTURE_CODE)
    while position >= 0:
        if position + 6 > len(data):
            raise FormatError("an MPEG-1 picture header is cut off")
        # 10 bits of temporal_reference stand before it.
        types.append(data[position + 5] >> 3 & 7)
        position = data.find(PICTURE_CODE, position + 4)
    return types


def jsmp_header(width: int, height: int) -> bytes:
    """The first message of the ``jsmp`` protocol; LocalError for a size that it cannot tell."""
    if not 1 <= width <= MAX_SIDE or not 1 <= height <= MAX_SIDE:
        raise LocalError(f"{width}x{height}; MPEG-1 has sizes from 1 to {MAX_SIDE}")
    return b"jsmp" + pack(">HH", width, height)


def check_jsmp(picture: bytes) -> bool:
    """Whether a ``jsmp`` viewer may begin with this message; FormatError where it breaks a rule.

    A message is one picture, no B picture, below 512 KiB, and without quantiser matrices.
    """
    if len(picture) >= JSMP_MAX_BYTES:
        raise FormatError(f"a picture of {len(picture)} bytes; jsmp has them below 512 KiB")
    types = picture_types(picture)
    if len(types) != 1 or types[0] not in (I_PICTURE, P_PICTURE):
        raise FormatError("a jsmp message must hold one I or P picture")
    if not picture.startswith(SEQUENCE_CODE):
        return False
    if parse_sequence_header(picture).own_matrices:
        raise FormatError("the picture has quantiser matrices of its own; jsmp cannot tell them")
    return types[0] == I_PICTURE
