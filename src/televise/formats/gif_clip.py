"""A GIF that has an end: frames of an endless one, each shown for its time."""

from collections.abc import Sequence

from televise.formats import gif

# Hundredths of a second; what browsers show as it is, and what the field can say.
_LEAST, _MOST = 2, 0xFFFF
# Where the delay stands in a graphic control extension (GIF89a section 23).
_DELAY_OFFSET = 4


def clip(header: bytes, frames: Sequence[tuple[bytes, float]]) -> bytes:
    """``frames`` behind ``header``, each with the seconds for which it is shown, and a trailer.

    A frame may consist of several images: all but the last of them are shown for no time.
    """
    data = bytearray(header)
    for frame, seconds in frames:
        begin = len(data)
        data += frame
        *others, last = _starts(header, frame)
        for start in others:
            _set_delay(data, begin + start, 0)
        _set_delay(data, begin + last, max(_LEAST, min(round(seconds * 100), _MOST)))
    return bytes(data) + bytes((gif.TRAILER,))


def _starts(header: bytes, frame: bytes) -> list[int]:
    """Where each image of ``frame`` begins, counted from its own beginning."""
    blocks = gif.walk(header + frame)
    ends = [block.end - len(header) for block in blocks if isinstance(block, gif.Frame)]
    return [0, *ends[:-1]]


def _set_delay(data: bytearray, start: int, delay: int) -> None:
    place = start + _DELAY_OFFSET
    data[place : place + 2] = delay.to_bytes(2, "little")
