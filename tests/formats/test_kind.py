"""What streams look like by their first bytes."""

import random

import pytest

from televise.formats.kind import HEAD_BYTES, has_index_last, kind_of
from tests.conftest import Needs
from tests.ingest.publishers import RED, film, film_file, picture

FILMS = {
    "ts": "MPEG-TS",
    "flv": "FLV",
    "mp4": "MP4",
    "webm": "WebM or Matroska",
}


@pytest.mark.parametrize("way", FILMS)
def test_films(way: str, needs: Needs) -> None:
    needs("ffmpeg")
    head = film(way)[:HEAD_BYTES]
    assert kind_of(head) == FILMS[way]
    assert not has_index_last(head)
    assert {kind_of(head[:length]) for length in range(len(head))} == {"", FILMS[way]}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF"])
def test_pictures(format: str) -> None:
    assert kind_of(picture(RED, format)) == format


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"", ""),
        (b"hello", ""),
        (b"hello, world!\r\n" * 40, "text"),
        (b"<html>\n\t" + b" " * 500, "text"),
        (b"G" + bytes(511), ""),
        (random.Random(1).randbytes(512), ""),
        (b"RIFF\0\0\0\0WAVE", "AVI, WAV or WebP"),
    ],
)
def test_others(head: bytes, found: str) -> None:
    assert kind_of(head) == found


@pytest.mark.parametrize(
    ("flags", "last"),
    [((), True), (("faststart",), False), (("frag_keyframe+empty_moov",), False)],
)
def test_where_the_index_of_an_mp4_stands(flags: tuple[str, ...], last: bool, needs: Needs) -> None:
    needs("ffmpeg")
    data = film_file("mp4", *(("-movflags", *flags) if flags else ()))
    assert has_index_last(data[:HEAD_BYTES]) == last
    assert not has_index_last(data[:8])


@pytest.mark.parametrize("data", [b"", bytes(64), b"\0\0\0\1mdat", b"\0\0\0\x08free" * 9])
def test_what_is_no_mp4_has_no_index(data: bytes) -> None:
    assert has_index_last(data) == (data[4:8] == b"mdat")
