"""Boxes: the tree that ISO base media files ("MP4") are made of."""

from collections.abc import Iterator

from televise.errors import FormatError

# Bytes of own fields before the child boxes: ISO/IEC 14496-12 8.5.2 (stsd), 8.7.2 (dref),
# 12.1.3 (avc1 is a VisualSampleEntry), 12.2.3 (mp4a is an AudioSampleEntry).
FIELDS_BEFORE_CHILDREN = {"stsd": 8, "dref": 8, "avc1": 78, "mp4a": 28}


def boxes(data: bytes) -> Iterator[tuple[str, int, int]]:
    """The boxes at the top level of ``data``: type, and where the payload starts and ends.

    Types are four characters (Latin-1). Sizes of 64 bits and "up to the end" (0) are understood
    (ISO/IEC 14496-12 4.2). FormatError where a box does not fit the data.
    """
    position = 0
    while position < len(data):
        name, start, end = _header(data, position)
        yield name, start, end
        position = end


def find(data: bytes, *path: str) -> bytes:
    """The payload of the first box at ``path``, such as "moov", "trak"; FormatError without one."""
    for depth, name in enumerate(path):
        if depth:
            data = data[FIELDS_BEFORE_CHILDREN.get(path[depth - 1], 0) :]
        data = _first(data, name)
    return data


def _first(data: bytes, name: str) -> bytes:
    for other, start, end in boxes(data):
        if other == name:
            return data[start:end]
    raise FormatError(f"there is no {name!r} box where one must be")


def _header(data: bytes, position: int) -> tuple[str, int, int]:
    start = position + 8
    if start > len(data):
        raise FormatError("the data ends inside a box header of 8 bytes")
    size = int.from_bytes(data[position : position + 4], "big") or len(data) - position
    name = data[position + 4 : start].decode("latin-1")
    if data[position : start - 4] == b"\0\0\0\1":  # the real size follows in 64 bits
        size = int.from_bytes(data[start : start + 8], "big")
        start += 8
    end = position + size
    if not start <= end <= len(data):
        raise FormatError(f"the box {name!r} says {size} bytes; it must fit the data around it")
    return name, start, end
