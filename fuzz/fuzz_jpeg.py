"""Fuzz the size of JPEG pictures."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.formats import jpeg

from fuzz.harness import fuzz

START = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
FRAME = b"\xff\xc0\0\x11\x08\0\x10\0\x20\3\1\x22\0\2\x11\1\3\x11\1"


def target(data: bytes) -> None:
    """What follows the first marker, so that every input gets past it."""
    width, height = jpeg.size(b"\xff\xd8" + data)
    assert 0 < width <= 0xFFFF
    assert 0 < height <= 0xFFFF


def seeds() -> list[bytes]:
    return [START + FRAME, START + b"\xff\xfe\0\4ab" + FRAME, b"\xff\xff\x01" + FRAME]


if __name__ == "__main__":
    fuzz(target, seeds())
