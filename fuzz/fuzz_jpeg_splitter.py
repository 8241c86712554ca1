"""Fuzz the search for JPEG pictures in a stream: in one piece and in small ones, the same come."""

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.formats.jpeg_splitter import JpegSplitter

from fuzz.harness import fuzz

HEAD = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc0\0\x0b\x08\0\x10\0\x20\1\1\x22\0"
PICTURE = HEAD + b"\xff\xda\0\x08\1\1\0\0\x3f\0ab\xff\0cd\xff\xd0ef\xff\xd9"
PART = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\n"


def target(data: bytes) -> None:
    whole = JpegSplitter().feed(data)
    splitter, pieces = JpegSplitter(), []
    step = max(7, len(data) // 16)
    for start in range(0, len(data), step):
        pieces += splitter.feed(data[start : start + step])
    assert pieces == whole
    assert all(each[:2] == b"\xff\xd8" and each[-2:] == b"\xff\xd9" for each in whole)


def seeds() -> list[bytes]:
    return [PICTURE, PICTURE * 2, PART + PICTURE + b"\r\n" + PART + PICTURE, PICTURE[:-9] + PICTURE]


if __name__ == "__main__":
    fuzz(target, seeds())
