"""Fuzz the headers of pictures in files."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.formats.picture import parse_picture

from fuzz.harness import fuzz

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\2\0\0\0\0\0\0\0\0\0\0\0IEND\xaeB`\x82"
GIF = b"GIF89a\x10\0\x10\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x10\0\x10\0\0\2\1\0\0;"
WEBP = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\x0f\xc0\x03\0\0\0\0\0\0\0\0\0\0"
JPEG = b"\xff\xd8\xff\xc0\0\x0b\x08\0\x10\0\x20\1\1\x22\0\xff\xda\0\x08\1\1\0\0\x3f\0ab\xff\xd9"


def target(data: bytes) -> None:
    parse_picture(data)


def seeds() -> list[bytes]:
    return [PNG, GIF, WEBP, JPEG]


if __name__ == "__main__":
    fuzz(target, seeds())
