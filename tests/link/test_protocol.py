"""The protocol: every message survives every split of its bytes, and nothing else gets through."""

import struct
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from televise.errors import LinkError
from televise.link.messages import (
    Announce,
    Data,
    Hello,
    Media,
    Message,
    Open,
    State,
    Subscribe,
    Unsubscribe,
)
from televise.link.protocol import MAX_CONTROL, MAX_MEDIA, VERSION, Receiver, Role, encode
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from tests.link.strategies import OF_CONSUMER, OF_PROVIDER, framed, framed_json

HELLO = encode(Hello(VERSION))
OPEN, MEDIA, REFUSED = 2, 8, 9
SAID: dict[Role, st.SearchStrategy[Message]] = {"provider": OF_PROVIDER, "consumer": OF_CONSUMER}
ROLES: list[Role] = ["provider", "consumer"]

KINDS = st.integers(0, 16) | st.integers(0, 255)
NAMES = st.sampled_from(
    [
        *("version", "id", "epoch", "origin", "source", "state", "text", "final", "rendition"),
        *(
            "captured",
            "count",
            "format",
            "tracks",
            "video",
            "w",
            "fps",
            "kind",
            "codec",
            "timescale",
            "config",
        ),
    ]
)
VALUES = st.none() | st.booleans() | st.integers(-2, 2**33) | st.floats() | st.text(max_size=3)
JSON = st.recursive(
    VALUES,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(NAMES, values, max_size=4),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=4)


def fed(receiver: Receiver, chunks: Iterable[bytes]) -> list[Message]:
    return [message for chunk in chunks for message in receiver.feed(chunk)]


def greeted(peer: Role) -> Receiver:
    receiver = Receiver(peer)
    assert fed(receiver, [HELLO]) == [Hello(VERSION)]
    return receiver


def split(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


@pytest.mark.parametrize("peer", ROLES)
@given(st.data())
def test_messages_survive_every_split(peer: Role, data: st.DataObject) -> None:
    said = [Hello(VERSION), *data.draw(st.lists(SAID[peer], max_size=4))]
    wire = b"".join(encode(message) for message in said)
    cuts = data.draw(st.lists(st.integers(0, 1 << 20), max_size=20))
    assert fed(Receiver(peer), split(wire, cuts)) == said


@pytest.mark.parametrize("peer", ROLES)
@given(st.data())
def test_messages_survive_byte_by_byte(peer: Role, data: st.DataObject) -> None:
    message = data.draw(SAID[peer])
    wire = encode(message)
    receiver = greeted(peer)
    assert fed(receiver, (bytes([byte]) for byte in wire[:-1])) == []
    assert fed(receiver, [wire[-1:]]) == [message]


def test_a_caller_that_stops_in_the_middle_loses_nothing() -> None:
    receiver = Receiver("consumer")
    first, second = encode(Unsubscribe(1)), encode(Unsubscribe(2))
    assert next(receiver.feed(HELLO + first + second[:3])) == Hello(VERSION)
    assert fed(receiver, [second[3:]]) == [Unsubscribe(1), Unsubscribe(2)]


def test_the_bytes_of_a_message_are_pinned() -> None:
    """Both ends may be of different ages: what one version says, its successors understand."""
    assert encode(Unsubscribe(7)) == b'\0\0\0\x09\x06{"id":7}'
    packet = Packet(1, 2, 3, b"data", -4, -5, 6, True, 7, 0.5)
    assert encode(Media(8, packet)).hex(" ", -4) == (
        "0000003b 08000000 08010000 00020000 00000000 0003ffff ffffffff fffcffff "
        "ffffffff fffb0000 00060100 00000000 0000073f e0000000 00000064 617461"
    )


@pytest.mark.parametrize("peer", ROLES)
@given(chunks=st.lists(st.binary(max_size=80), max_size=5))
def test_garbage_raises_link_error_only(peer: Role, chunks: list[bytes]) -> None:
    receiver = Receiver(peer)
    try:
        messages = fed(receiver, chunks)
    except LinkError:
        return
    assert all(type(message) is Hello for message in messages)


@pytest.mark.parametrize("peer", ROLES)
@given(kind=KINDS, body=st.binary(max_size=80))
@example(kind=1, body=b"0")
def test_a_garbled_body_raises_link_error_only(peer: Role, kind: int, body: bytes) -> None:
    receiver = greeted(peer)
    try:
        messages = fed(receiver, [framed(kind, body)])
    except LinkError:
        return
    assert [type(message) for message in messages] == [Media if peer == "provider" else Data]


@pytest.mark.parametrize("peer", ROLES)
@given(kind=KINDS, values=OBJECTS)
@example(kind=OPEN, values={"source": "-", "origin": float("inf")})
def test_wrong_values_raise_link_error_only(peer: Role, kind: int, values: Any) -> None:
    receiver = greeted(peer)
    try:
        messages = fed(receiver, [framed_json(kind, values)])
    except LinkError:
        return
    assert len(messages) == 1


@pytest.mark.parametrize("peer", ROLES)
@given(st.data())
def test_one_changed_byte_raises_link_error_only(peer: Role, data: st.DataObject) -> None:
    wire = bytearray(encode(data.draw(SAID[peer])))
    # The length stays: a longer one would only be waited for.
    wire[data.draw(st.integers(4, len(wire) - 1))] = data.draw(st.integers(0, 255))
    receiver = greeted(peer)
    try:
        messages = fed(receiver, [bytes(wire)])
    except LinkError:
        return
    assert len(messages) == 1


BODIES = [
    b"",
    b"{",
    b"\xff",
    b"{}",
    b'{"id":1}{"id":1}',
    b'{"id":"1"}',
    b'{"id":1.0}',
    b'{"id":null}',
    b'{"id":[1]}',
    b'{"id":1,"text":"one too many"}',
    b'{"id":1,"colour":"red"}',
    b'{"id":' + b"9" * 5000 + b"}",
    b'{"id":' + b"[" * 100_000,
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body[:30]))
def test_malformed_bodies(body: bytes) -> None:
    with pytest.raises(LinkError, match=r"^malformed Unsubscribe: "):
        fed(greeted("consumer"), [framed(6, body)])


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        (2, {"source": 1, "origin": 0}, "malformed Open: source"),
        (2, {"source": "-", "origin": "0"}, "malformed Open: origin"),
        (3, {"tracks": {}}, "malformed Announce: tracks"),
        (3, {"tracks": [5]}, "malformed Announce: not a track"),
        (3, {"tracks": [{"config": "zz"}]}, "malformed Announce: not a track"),
        (4, {"state": "live", "final": 1}, "malformed State: final"),
        (5, {"id": 1, "epoch": 1, "rendition": "h264"}, "malformed Subscribe: rendition"),
        (5, {"id": 1, "epoch": 1, "rendition": {"video": "vp9"}}, "malformed Subscribe: not a"),
        (5, {"id": 1, "epoch": 1, "rendition": {"video": "h264", "w": 1}}, "w=1: even from 16"),
        (0, {}, "unknown message type 0"),
        (99, {}, "unknown message type 99"),
        (10, {}, "a data message shorter than its header"),
        (255, {}, "unknown message type 255"),
    ],
)
def test_errors_say_what_is_wrong(kind: int, values: Any, problem: str) -> None:
    peer: Role = "provider" if kind in (3, 4) else "consumer"
    with pytest.raises(LinkError) as caught:
        fed(greeted(peer), [framed_json(kind, values)])
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_whole_number_is_a_time_too() -> None:
    wire = framed_json(OPEN, {"source": "-", "origin": 5})
    assert fed(greeted("consumer"), [wire]) == [Open("-", 5.0)]


def test_what_is_left_out_has_its_default() -> None:
    assert fed(greeted("provider"), [framed_json(4, {"state": "live"})]) == [State("live")]


def test_media_without_payload_is_media_and_less_is_not() -> None:
    message = Media(1, Packet(0, 0, 0, b"", 0, 0, 0, False, 0, 0.0))
    body = encode(message)[5:]
    assert fed(greeted("provider"), [framed(MEDIA, body)]) == [message]
    with pytest.raises(LinkError, match="shorter"):
        fed(greeted("provider"), [framed(MEDIA, body[:-1])])


@pytest.mark.parametrize(
    ("kind", "length"),
    [
        (1, 0),
        (MEDIA, 0),
        (1, MAX_CONTROL + 1),
        (REFUSED, MAX_CONTROL + 1),
        (0, MAX_CONTROL + 1),
        (MEDIA, MAX_MEDIA + 100),
        (MEDIA, 2**32 - 1),
    ],
)
def test_the_size_is_checked_before_the_body_arrives(kind: int, length: int) -> None:
    with pytest.raises(LinkError, match=f"^a message of {length} bytes; the limit is "):
        fed(greeted("provider"), [struct.pack(">IB", length, kind)])


@pytest.mark.parametrize(("kind", "length"), [(1, 1), (REFUSED, MAX_CONTROL), (MEDIA, MAX_MEDIA)])
def test_what_is_within_the_limit_is_waited_for(kind: int, length: int) -> None:
    header = struct.pack(">IB", length, kind)
    if length > 1:
        assert fed(greeted("provider"), [header, b"x" * 1000]) == []
    else:
        with pytest.raises(LinkError, match="malformed Hello"):
            fed(greeted("provider"), [header])


def test_media_may_be_larger_than_control() -> None:
    message = Media(1, Packet(0, 0, 0, bytes(2 * MAX_CONTROL), 0, 0, 0, True, 0, 0.0))
    assert fed(greeted("provider"), [encode(message)]) == [message]


@given(OF_PROVIDER)
def test_a_consumer_may_not_speak_as_a_provider(message: Message) -> None:
    with pytest.raises(LinkError, match=f"^{type(message).__name__} is not allowed here"):
        fed(greeted("consumer"), [encode(message)])


@given(OF_CONSUMER)
def test_a_provider_may_not_speak_as_a_consumer(message: Message) -> None:
    with pytest.raises(LinkError, match=f"^{type(message).__name__} is not allowed here"):
        fed(greeted("provider"), [encode(message)])


@pytest.mark.parametrize("peer", ROLES)
@given(st.data())
def test_hello_comes_first(peer: Role, data: st.DataObject) -> None:
    message = data.draw(SAID[peer])
    with pytest.raises(LinkError, match="not allowed here"):
        fed(Receiver(peer), [encode(message), HELLO])


@pytest.mark.parametrize("peer", ROLES)
def test_hello_comes_once(peer: Role) -> None:
    with pytest.raises(LinkError):
        fed(greeted(peer), [HELLO])


@pytest.mark.parametrize("version", [0, VERSION + 1])
def test_the_version_must_be_ours(version: int) -> None:
    with pytest.raises(LinkError, match=f"version {version}, not {VERSION}"):
        fed(Receiver("provider"), [encode(Hello(version))])


def test_what_came_before_an_error_is_delivered() -> None:
    delivered: list[Message] = []
    wire = encode(State("live")) + HELLO + encode(State("stalled"))
    with pytest.raises(LinkError):
        delivered.extend(greeted("provider").feed(wire))
    assert delivered == [State("live")]


def test_tracks_and_renditions_keep_their_types() -> None:
    track = Track("audio", "aac", 48_000, b"\x11\x90", sample_rate=48_000, channels=2)
    announced = fed(greeted("provider"), [encode(Announce((track, track)))])
    assert announced == [Announce((track, track))]
    wanted = Subscribe(1, Rendition("mjpeg", fps=12.5, q=80), 3)
    assert fed(greeted("consumer"), [encode(wanted)]) == [wanted]


@pytest.mark.parametrize("values", [[], 5, "id", None, True, [{"id": 1}]])
def test_a_body_that_is_no_object(values: Any) -> None:
    with pytest.raises(LinkError, match="malformed Unsubscribe"):
        fed(greeted("consumer"), [framed_json(6, values)])


@pytest.mark.parametrize("origin", [10**400, float("nan"), float("inf"), float("-inf")])
def test_a_time_is_finite(origin: float) -> None:
    with pytest.raises(LinkError, match="malformed Open"):
        fed(greeted("consumer"), [framed_json(OPEN, {"source": "-", "origin": origin})])


@pytest.mark.parametrize("number", [-1, 2**32, True])
def test_a_number_has_32_bits(number: int) -> None:
    with pytest.raises(LinkError, match="malformed Unsubscribe"):
        fed(greeted("consumer"), [framed_json(6, {"id": number})])


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), float("-inf")])
def test_media_has_a_finite_time(seconds: float) -> None:
    message = Media(1, Packet(0, 0, 0, b"", 0, 0, 0, True, 0, seconds))
    with pytest.raises(LinkError, match="seconds"):
        fed(greeted("provider"), [encode(message)])


def test_the_largest_payload_arrives() -> None:
    message = Media(1, Packet(0, 0, 0, bytes(MAX_MEDIA), 0, 0, 0, True, 0, 0.0))
    assert fed(greeted("provider"), [encode(message)]) == [message]


def test_an_error_is_one_line_whatever_the_peer_wrote() -> None:
    track = Track("video", "h264", 90_000).to_json() | {"a\nb" * 1000: 1}
    with pytest.raises(LinkError) as caught:
        fed(greeted("provider"), [framed_json(3, {"tracks": [track]})])
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= 200
