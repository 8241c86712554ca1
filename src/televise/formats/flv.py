"""FLV: a header once, then a tag for each message of audio, video or metadata.

Source: Adobe, "Video File Format Specification Version 10.1", annex E. The body of a tag is the
body of an RTMP message, enhanced RTMP included, so nothing in it is looked at.
"""

import struct

from televise.errors import LocalError

MAX_TAG_BYTES = 0xFFFFFF

# Signature, version 1, flags (audio and video may come), size of this header (E.2); then the size
# of the tag before the first one.
HEADER = struct.pack(">3sBBII", b"FLV", 1, 5, 9, 0)
# The same without sound, for which players would wait.
SILENT_HEADER = struct.pack(">3sBBII", b"FLV", 1, 1, 9, 0)
# Type and body size (8 and 24 bits), time stamp (its lower 24 bits first), stream 0 (24 bits).
_TAG = struct.Struct(">II3x")
_SIZE = struct.Struct(">I")


def tag(kind: int, timestamp: int, data: bytes) -> bytes:
    """The body of an RTMP message of type ``kind`` as a tag of the same type (E.4.1).

    ``timestamp`` is in milliseconds, and begins again after 2**32. LocalError for more ``data``
    than a tag can hold.
    """
    size = len(data)
    if size > MAX_TAG_BYTES:
        raise LocalError(f"an FLV tag of {size} bytes; at most {MAX_TAG_BYTES} are possible")
    time = (timestamp & 0xFFFFFF) << 8 | timestamp >> 24
    return b"".join((_TAG.pack(kind << 24 | size, time), data, _SIZE.pack(_TAG.size + size)))
