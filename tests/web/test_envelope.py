"""The texts of ``televise.v1``: JSON in frames that a client can read one after another."""

import json

import pytest

from televise.formats.websocket import BINARY, TEXT
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web import envelope
from tests.web.scene import frames

TRACK = Track("video", "h264", 90_000)


def test_a_chunk_says_which_and_when_and_is_followed_by_its_bytes() -> None:
    packet = Packet(0, 3, 42, b"x", 180_045, 180_000, 3000, True, 1_700_000_000_123_456_789, 2.0)
    text, media = frames(envelope.chunk(packet, TRACK, b"moof and mdat"))
    assert text.json == {
        "type": "chunk",
        "epoch": 3,
        "sequence": 42,
        "track": "video",
        "pts": 2.0005,
        "captured": 1_700_000_000_123.457,
        "keyframe": True,
    }
    assert (media.opcode, media.payload) == (BINARY, b"moof and mdat")


def test_an_init_is_followed_by_its_segment_where_there_is_one() -> None:
    text, media = frames(envelope.init(2, 'video/mp4; codecs="avc1.42C01E"', b"ftyp moov"))
    assert text.json == {"type": "init", "epoch": 2, "mime": 'video/mp4; codecs="avc1.42C01E"'}
    assert (media.opcode, media.payload) == (BINARY, b"ftyp moov")
    (alone,) = frames(envelope.init(2, "image/jpeg", b""))
    assert alone.opcode == TEXT


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            envelope.hello("cam", "live", "", "1.0", seconds=7.04),
            {
                **{"type": "hello", "channel": "cam", "state": "live", "text": ""},
                **{"seconds": 7.0, "version": "1.0"},
            },
        ),
        (
            envelope.state("cam", "stalled", "3 s"),
            {"type": "state", "channel": "cam", "state": "stalled", "text": "3 s", "seconds": 0.0},
        ),
        (envelope.skipped("cam", 7), {"type": "skipped", "channel": "cam", "count": 7}),
        (envelope.clock(1.5, 2.5), {"type": "clock", "client": 1.5, "server": 2.5}),
    ],
)
def test_other_texts(message: bytes, expected: dict[str, object]) -> None:
    (frame,) = frames(message)
    assert frame.json == expected


@pytest.mark.parametrize("text", ['quote "', "two\nlines", "é 😀", "\ud800", "</script>"])
def test_what_a_source_says_stays_inside_its_message(text: str) -> None:
    (frame,) = frames(envelope.state("cam", "offline", text))
    assert json.loads(frame.payload)["text"] == text
