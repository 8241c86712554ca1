"""Messages over NATS: whole or not at all, whatever parts are missing, doubled or garbled."""

import struct
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError, PeerError
from televise.link.messages import Epoch, Media, Message, Missing, Subscribe
from televise.link.nats import (
    HEADER_BYTES,
    MAX_MESSAGE_BYTES,
    PART_BYTES,
    Assembler,
    MessageReader,
    announcer,
    control_subject,
    cut,
    inbox_prefix,
    media_subject,
    node_subject,
    rendition_token,
)
from televise.link.protocol import encode
from televise.model.dropped import Dropped
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from tests.link.strategies import OF_PROVIDER, RENDITIONS

SMALL = b"a small message"
LARGE = bytes(range(256)) * 2050  # 524,800 bytes: three parts


def taken(assembler: Assembler, *parts: bytes) -> list[bytes]:
    """What is made of the parts."""
    return [message for part in parts if (message := assembler.feed(part)) is not None]


def test_the_bytes_of_a_part() -> None:
    head = struct.pack(">4sHHQII", b"TVN1", 0, 1, 7, len(SMALL), zlib.crc32(SMALL))
    assert list(cut(SMALL, 7)) == [head + SMALL]
    assert HEADER_BYTES == 24


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, PART_BYTES + 1, 5 * PART_BYTES])
def test_messages_of_any_size(size: int) -> None:
    message = bytes(size)
    parts = list(cut(message, 1))
    assert len(parts) == max(1, -(-size // PART_BYTES))
    assert max(map(len, parts)) <= PART_BYTES + HEADER_BYTES
    assert taken(Assembler(), *parts) == [message]


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_message_of_which_a_part_is_missing_is_dropped(missing: int) -> None:
    assembler = Assembler()
    parts = list(cut(LARGE, 1))
    del parts[missing]
    assert taken(assembler, *parts, *cut(SMALL, 2), *cut(LARGE, 3)) == [SMALL, LARGE]
    assert assembler.lost == 1


def test_the_end_of_one_and_the_begin_of_another_are_none() -> None:
    assembler = Assembler()
    first, second = list(cut(LARGE, 1)), list(cut(LARGE[::-1], 2))
    assert taken(assembler, *first[:1], *second[1:]) == []
    assert assembler.lost == 1
    # As it would be where two senders had the same serial.
    with pytest.raises(FormatError, match="bytes are not those"):
        taken(assembler, *first[:1], *list(cut(LARGE[::-1], 1))[1:])


@given(st.data())
def test_whatever_is_lost_or_doubled_what_comes_out_was_sent(data: st.DataObject) -> None:
    sent = [SMALL, LARGE, SMALL * 2, LARGE[::-1]]
    parts = [part for serial, message in enumerate(sent) for part in cut(message, serial)]
    chosen = data.draw(st.lists(st.integers(0, len(parts) - 1), max_size=12))
    came = taken(Assembler(), *(parts[index] for index in sorted(chosen)))
    assert set(came) <= set(sent)


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"TVN1",
        b"NOPE" + bytes(HEADER_BYTES),
        struct.pack(">4sHHQII", b"TVN1", 0, 1, 0, 5, 0) + b"four",
        struct.pack(">4sHHQII", b"TVN1", 1, 1, 0, 4, 0) + b"four",
        struct.pack(">4sHHQII", b"TVN1", 0, 2, 0, 4, 0) + b"four",
        struct.pack(">4sHHQII", b"TVN1", 0, 0, 0, 0, 0),
        struct.pack(">4sHHQII", b"TVN1", 65535, 65535, 0, 2**32 - 1, 0),
        struct.pack(">4sHHQII", b"TVN1", 0, 65, 0, MAX_MESSAGE_BYTES + 1, 0) + bytes(PART_BYTES),
        struct.pack(">4sHHQII", b"TVN1", 0, 1, 0, 4, 0) + b"four",
    ],
)
def test_what_is_no_part(part: bytes) -> None:
    assembler = Assembler()
    with pytest.raises(FormatError):
        assembler.feed(part)
    assert taken(assembler, *cut(SMALL, 1)) == [SMALL]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_part_or_refused(data: bytes) -> None:
    for bytes_of_it in (data, b"TVN1" + data):
        try:
            Assembler().feed(bytes_of_it)
        except FormatError:
            continue


@given(st.lists(OF_PROVIDER | st.just(None), max_size=5))
def test_messages_are_read_one_by_one(messages: list[Message | None]) -> None:
    """None stands for something garbled, which spoils nothing that comes after it."""
    reader = MessageReader()
    for message in messages:
        if message is None:
            with pytest.raises(PeerError):
                reader.read(b"\0\0\0\x02\x05{")
        else:
            assert reader.read(encode(message)) == message


EPOCH = encode(Epoch(1, 7, ()))
PACKET = Packet(0, 7, 3, b"x", 0, 0, 1, True, 0, 0.0)
MEDIA, MISSING = encode(Media(1, PACKET)), encode(Missing(1, Dropped(slow=2)))


def test_a_packet_comes_with_what_is_missing_before_it() -> None:
    reader = MessageReader()
    for _ in range(2):
        expected = Media(1, replace(PACKET, dropped=Dropped(slow=2)))
        assert reader.read(MISSING + MEDIA) == expected
        both = Dropped(slow=2, source_gap=3)
        earlier = encode(Missing(1, Dropped(source_gap=3)))
        assert reader.read(MISSING + earlier + MEDIA) == Media(1, replace(PACKET, dropped=both))
        assert reader.read(MEDIA) == Media(1, PACKET)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        EPOCH[:-1],
        EPOCH + b"\0",
        EPOCH * 2,
        MISSING + EPOCH,
        MISSING * 2,
        MISSING * 3 + MEDIA,
        MISSING + MEDIA * 2,
        MEDIA * 2,
        encode(Subscribe(1, Rendition("h264"), 1)),
        encode(Media(1, Packet(0, 1, 1, b"", 0, 0, 0, True, 0, 0.0)))[:20],
    ],
)
def test_what_is_not_one_message_of_a_provider(data: bytes) -> None:
    reader = MessageReader()
    with pytest.raises(PeerError):
        reader.read(data)
    assert reader.read(EPOCH) == Epoch(1, 7, ())


def test_subjects() -> None:
    small = Rendition("h264", "aac", w=640)
    assert node_subject("a1") == "televise.v1.node.~.a1"
    assert node_subject("front-door-a1") == "televise.v1.node.front-door.a1"
    assert control_subject("cam", "front-a1") == "televise.v1.cam.ctl.front.a1"
    assert control_subject("*", "a1") == "televise.v1.*.ctl.~.a1"
    token = rendition_token(small)
    assert media_subject("cam", small, "a1") == f"televise.v1.cam.{token}.f.~.a1"
    assert inbox_prefix("front-a1") == "_INBOX.front"
    assert token == rendition_token(Rendition("h264", "aac", w=640)) == "c183e3e59749c768"


@pytest.mark.parametrize("node", ["a1", "front-a1", "front-door-a1", "--a1"])
def test_who_announces_is_known_by_the_subject(node: str) -> None:
    assert announcer(node_subject(node)) == node


@pytest.mark.parametrize("end", ["front.door-a1", "~.front-a1", ".a1"])
def test_nobody_announces_in_the_name_of_another(end: str) -> None:
    with pytest.raises(FormatError):
        announcer(f"televise.v1.node.{end}")


@given(RENDITIONS, RENDITIONS)
def test_each_rendition_has_its_own_token(one: Rendition, other: Rendition) -> None:
    assert (rendition_token(one) == rendition_token(other)) is (one == other)
    assert rendition_token(one).isalnum()
