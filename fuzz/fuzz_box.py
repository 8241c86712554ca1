"""Fuzz the box parser."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.formats.box import boxes, find

from fuzz.harness import fuzz, golden

PATH = ("moov", "trak", "mdia", "minf", "stbl", "stsd", "avc1", "avcC")


def target(data: bytes) -> None:
    """Boxes stand one behind another, fill the data, and can be gone down into."""
    position = 0
    for name, start, end in boxes(data):
        assert len(name) == 4
        assert position + 8 <= start <= end <= len(data)
        position = end
    assert position == len(data)
    find(data, *PATH)


def seeds() -> list[bytes]:
    return [golden("mp4_init_video"), golden("mp4_init_video_audio"), golden("mp4_fragment_offset")]


if __name__ == "__main__":
    fuzz(target, seeds())
