"""The messages as such: values that can be compared, each with a type of its own on the wire."""

from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from televise.link.messages import (
    Allow,
    Announce,
    Damaged,
    Data,
    Ended,
    Epoch,
    Finish,
    Hello,
    Keyframe,
    Look,
    Media,
    Message,
    Missing,
    Note,
    Open,
    Publish,
    Refused,
    State,
    Subscribe,
    Taken,
    Unsubscribe,
)
from televise.link.protocol import VERSION, encode
from televise.model.dropped import Dropped
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track

H264 = Track("video", "h264", 90_000, b"\x01\x64", 1280, 720)
EXAMPLES: list[Message] = [
    Hello(VERSION),
    Allow(1920 * 1080, 1 << 20),
    Open("pattern:", 12.5),
    Announce((H264,)),
    State("offline", "camera unplugged", True),
    Subscribe(1, Rendition("h264", "aac", w=640), 7),
    Unsubscribe(1),
    Keyframe(1),
    Epoch(1, 7, (H264,)),
    Media(1, Packet(0, 7, 0, b"data", 1, 2, 3, True, 4, 5.0)),
    Missing(1, Dropped(slow=3, fault=1)),
    Refused(1, "no sound here"),
    Note(5, '{"boxes": []}'),
    Damaged(3),
    Publish(3, "mpegts"),
    Data(3, b"data"),
    Finish(3),
    Taken(3, 4),
    Ended(3, "not a media stream"),
    Look(4, Rendition("gif"), 8.0, 8.0),
]


def test_there_is_an_example_of_each() -> None:
    assert {type(message) for message in EXAMPLES} == set(get_args(Message))


def test_each_has_a_type_of_its_own_on_the_wire() -> None:
    assert len({encode(message)[4] for message in EXAMPLES}) == len(EXAMPLES)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_each_is_a_value(message: Message) -> None:
    names = [field.name for field in fields(message)]
    assert message == type(message)(*(getattr(message, name) for name in names))
    assert hash(message) is not None
    for name in names:
        with pytest.raises(FrozenInstanceError):
            setattr(message, name, None)
