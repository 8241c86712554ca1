"""Reads the few numbers of a fragment that a live stream must keep in order."""

from dataclasses import dataclass

from televise.formats.box import boxes, find


@dataclass(frozen=True)
class Fragment:
    """One moof and its mdat."""

    sequence: int
    track: int
    decode_time: int
    sync: bool
    data: bytes

    @property
    def starts_at_idr(self) -> bool:
        """Whether one of its NAL units (4-byte lengths) is an IDR picture: type 5."""
        position, types = 0, set()
        while position < len(self.data):
            size = int.from_bytes(self.data[position : position + 4], "big")
            types.add(self.data[position + 4] & 0x1F)
            position += 4 + size
        return 5 in types


def is_init(message: bytes) -> bool:
    return [name for name, _, _ in boxes(message)] == ["ftyp", "moov"]


def parse_fragment(message: bytes) -> Fragment:
    """``message`` must be exactly one moof and one mdat."""
    assert [name for name, _, _ in boxes(message)] == ["moof", "mdat"]
    run = find(message, "moof", "traf", "trun")
    assert int.from_bytes(run[4:8], "big") == 1, "one sample"
    flags = int.from_bytes(run[12:16], "big")
    return Fragment(
        int.from_bytes(find(message, "moof", "mfhd")[4:8], "big"),
        int.from_bytes(find(message, "moof", "traf", "tfhd")[4:8], "big"),
        int.from_bytes(find(message, "moof", "traf", "tfdt")[4:12], "big"),
        not flags & 0x10000,
        find(message, "mdat"),
    )
