"""Fuzz the walk through a GIF."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.formats import gif

from fuzz.harness import fuzz, golden

SCREEN = b"GIF89a\x10\0\x10\0"


def target(data: bytes) -> None:
    """What follows the size, so that every input gets past it; each frame can be written again."""
    screen, *blocks = gif.walk(SCREEN + data)
    assert isinstance(screen, gif.Screen)
    end = 0
    for block in blocks:
        assert not isinstance(block, gif.Screen)
        if isinstance(block, gif.Frame):
            assert end < block.end <= len(SCREEN + data)
            end = block.end
            check(block)


def check(frame: gif.Frame) -> None:
    place, control = frame.place, frame.control
    written = gif.header(16, 16) + gif.frame(place, frame.palette, frame.data, control.transparent)
    *_, again = gif.walk(written)
    assert isinstance(again, gif.Frame)
    assert (again.place, again.palette, again.data) == (place, frame.palette, frame.data)
    assert again.control.transparent == control.transparent
    assert again.end == len(written)


def seeds() -> list[bytes]:
    own = golden("gif_header")[10:] + golden("gif_frames")
    comment = b"\x21\xfe\2hi\0\x21\x01\x0c" + bytes(12) + b"\1a\0"
    foreign = b"\x80\0\0" + bytes(6) + comment + b"\x2c" + b"\0\0\0\0\2\0\2\0\x40\2\1\x44\0;more"
    return [own, foreign]


if __name__ == "__main__":
    fuzz(target, seeds())
