"""Chunks: messages survive every size of chunk, kind of header and split; limits come first."""

import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from televise.errors import FormatError, OverSize
from televise.formats.rtmp_chunk import (
    ABORT,
    AUDIO,
    COMMAND,
    DATA,
    MAX_CHUNK_SIZE,
    MAX_CHUNK_STREAMS,
    MAX_DATA_MESSAGE,
    MAX_MEDIA_MESSAGE,
    MAX_MESSAGE,
    SET_CHUNK_SIZE,
    VIDEO,
    ChunkReader,
    Message,
    write,
)
from tests.formats.rtmp_publisher import EXTENDED, ChunkWriter, basic_header, control

TIMES = st.one_of(
    st.integers(0, 200),
    st.integers(EXTENDED - 200, EXTENDED + 200),
    st.integers((1 << 32) - 200, (1 << 32) - 1),
)
MESSAGES = st.builds(
    Message,
    st.sampled_from([AUDIO, VIDEO, DATA, COMMAND]),
    st.integers(0, 1),
    TIMES,
    st.sampled_from([0, 1, 127, 128, 129, 300, 1000]).map(bytes) | st.binary(max_size=300),
)
SIZES = st.sampled_from([128, 129, 4096, MAX_CHUNK_SIZE]).map(
    lambda size: control(SET_CHUNK_SIZE, size)
)
CHUNK_STREAMS = st.sampled_from([3, 4, 63, 64, 319, 320, 65599])


def fed(pieces: Iterable[bytes]) -> list[Message]:
    reader = ChunkReader()
    return [message for piece in pieces for message in reader.feed(piece)]


def header(length: int, kind: int = VIDEO, chunk_stream: int = 3) -> bytes:
    """A whole header, at time 0."""
    fields = length.to_bytes(3, "big") + bytes((kind, 0, 0, 0, 0))
    return basic_header(0, chunk_stream) + bytes(3) + fields


@given(st.lists(st.tuples(MESSAGES | SIZES, CHUNK_STREAMS), max_size=12), st.data())
def test_messages_come_back(sent: list[tuple[Message, int]], data: st.DataObject) -> None:
    writer = ChunkWriter()
    wire = b"".join(writer.write(*each) for each in sent)
    for kind in writer.used:
        event(f"header of type {kind}")
    messages = [message for message, _ in sent]
    assert fed([wire]) == messages
    size = data.draw(st.integers(1, 200), label="size of the pieces")
    assert fed(wire[start : start + size] for start in range(0, len(wire), size)) == messages


@given(st.lists(MESSAGES), st.integers(2, 63))
def test_what_we_write_comes_back(messages: list[Message], chunk_stream: int) -> None:
    assert fed(write(message, chunk_stream) for message in messages) == messages


def test_the_shortest_headers() -> None:
    """The examples of section 5.3.2, the first with its time stamps."""
    writer = ChunkWriter()
    times = (1000, 1020, 1040, 1060)
    audio = [Message(AUDIO, 12345, time, bytes(32)) for time in times]
    chunks = [writer.write(message, 3) for message in audio]
    assert [len(chunk) for chunk in chunks] == [44, 36, 33, 33]
    assert fed(chunks) == audio
    video = Message(VIDEO, 12346, 1000, bytes(307))
    assert len(write(video, 4)) == 140 + 129 + 52
    assert fed([write(video, 4)]) == [video]


def test_after_a_whole_header_the_time_is_the_step() -> None:
    """Section 5.3.1.2.4; FFmpeg writes this for pictures at 40, 80 and 120 ms."""
    wire = basic_header(0, 3) + b"\0\0\x28\0\0\1\x09\1\0\0\0a" + b"\xc3b\xc3c"
    assert [message.timestamp for message in fed([wire])] == [40, 80, 120]


def test_a_long_time_stands_in_every_chunk() -> None:
    """Section 5.3.1.3, and after a step of that kind a new message may have it again."""
    time = (EXTENDED + 5).to_bytes(4, "big")
    begin = b"\xff\xff\xff\0\0\x82\x09\1\0\0\0" + time
    wire = b"\3" + begin + bytes(128) + b"\xc3" + time + b"ab"
    again = b"\xc3" + time + bytes(128) + b"\xc3" + time + b"cd"
    first, second = fed([wire + again])
    assert (first.timestamp, first.data[-2:]) == (EXTENDED + 5, b"ab")
    assert (second.timestamp, second.data[-2:]) == (2 * (EXTENDED + 5), b"cd")


def test_time_begins_again_after_32_bits() -> None:
    messages = [Message(VIDEO, 1, time % (1 << 32), b"a") for time in (0xFFFFFFF0, 0x100000010)]
    wire = write(messages[0], 3) + basic_header(1, 3) + b"\0\0\x20\0\0\1\x09a"
    assert fed([wire]) == messages


def test_messages_of_several_chunk_streams_side_by_side() -> None:
    long, short = Message(VIDEO, 1, 0, bytes(range(200))), Message(AUDIO, 1, 0, b"sound")
    first, rest = (chunk := write(long, 4))[: 12 + 128], chunk[12 + 128 :]
    assert fed([first + write(short, 5) + rest]) == [short, long]


def test_an_aborted_message_is_forgotten() -> None:
    begun = write(Message(VIDEO, 1, 0, bytes(200)), 4)[: 12 + 128]
    whole = Message(VIDEO, 1, 0, b"whole")
    abort = control(ABORT, 4)
    # One that nobody began may be aborted too.
    wire = write(control(ABORT, 9), 2) + begun + write(abort, 2) + write(whole, 4)
    assert fed([wire])[1:] == [abort, whole]


def test_librtmp_begins_with_a_header_of_type_1() -> None:
    wire = basic_header(1, 2) + b"\0\0\x05\0\0\4\x03\0\0\0\x09"
    assert fed([wire]) == [Message(3, 0, 5, b"\0\0\0\x09")]


@pytest.mark.parametrize("kind", [2, 3])
def test_a_chunk_stream_begins_with_a_header(kind: int) -> None:
    with pytest.raises(FormatError, match="chunk stream 7 begins without a message header"):
        fed([basic_header(kind, 7)])


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_message_is_not_begun_inside_another(kind: int) -> None:
    begun = header(200) + bytes(128)
    with pytest.raises(FormatError, match="in the middle of another, on RTMP chunk stream 3"):
        fed([begun + basic_header(kind, 3) + bytes(11)])


@pytest.mark.parametrize("size", [0, 1, 127, MAX_CHUNK_SIZE + 1, 1 << 31])
def test_sizes_that_chunks_cannot_have(size: int) -> None:
    assert fed([write(control(SET_CHUNK_SIZE, MAX_CHUNK_SIZE), 2)])
    with pytest.raises(FormatError, match=f"chunks of {size} bytes; from 128 to {MAX_CHUNK_SIZE}"):
        fed([write(control(SET_CHUNK_SIZE, size), 2)])


@pytest.mark.parametrize("kind", [SET_CHUNK_SIZE, ABORT])
def test_control_messages_have_four_bytes(kind: int) -> None:
    with pytest.raises(FormatError, match=f"type {kind} without its four bytes"):
        fed([write(Message(kind, 0, 0, b"\0\0\1"), 2)])


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        (VIDEO, MAX_MEDIA_MESSAGE),
        (AUDIO, MAX_MEDIA_MESSAGE),
        (DATA, MAX_DATA_MESSAGE),
        (COMMAND, MAX_MESSAGE),
        (22, MAX_MESSAGE),
    ],
)
def test_how_long_a_message_may_be(kind: int, limit: int) -> None:
    assert fed([header(limit, kind)]) == []
    with pytest.raises(FormatError, match=f"{limit + 1} bytes; the limit is {limit}"):
        fed([header(limit + 1, kind)])


def test_how_long_media_may_be_can_be_said() -> None:
    assert list(ChunkReader(1000).feed(header(1000, VIDEO))) == []
    with pytest.raises(OverSize, match="1001 bytes; the limit is 1000"):
        list(ChunkReader(1000).feed(header(1001, VIDEO)))


def test_how_much_may_be_unfinished() -> None:
    begun = [header(MAX_MEDIA_MESSAGE, VIDEO, number) + bytes(128) for number in (3, 4)]
    most = 2 * MAX_MEDIA_MESSAGE
    with pytest.raises(FormatError, match=f"more than {most} bytes"):
        fed([*begun, header(1, VIDEO, 5)])
    abort = write(control(ABORT, 4), 2)
    with pytest.raises(FormatError, match=f"more than {most} bytes"):
        fed([*begun, abort])
    assert fed([begun[0], abort, header(1, VIDEO, 5) + b"a"])[-1].data == b"a"


def test_how_many_chunk_streams_there_may_be() -> None:
    numbers = range(2, 2 + MAX_CHUNK_STREAMS)
    wire = [write(Message(AUDIO, 1, 0, b"a"), number) for number in numbers]
    assert len(fed(wire)) == MAX_CHUNK_STREAMS
    with pytest.raises(FormatError, match=f"more than {MAX_CHUNK_STREAMS} RTMP chunk streams"):
        fed([*wire, header(1, AUDIO, 63)])


def test_the_largest_message_arrives() -> None:
    message = Message(VIDEO, 1, 0, bytes(MAX_MEDIA_MESSAGE))
    writer = ChunkWriter()
    size = writer.write(control(SET_CHUNK_SIZE, MAX_CHUNK_SIZE), 2)
    assert fed([size, writer.write(message, 4)])[1:] == [message]


def test_a_promise_takes_no_memory() -> None:
    reader = ChunkReader()
    wire = header(MAX_MEDIA_MESSAGE) + bytes(100)
    tracemalloc.start()
    try:
        for byte in wire:
            assert not list(reader.feed(bytes((byte,))))
        assert tracemalloc.get_traced_memory()[1] < 64 << 10
    finally:
        tracemalloc.stop()


@given(st.lists(st.binary(max_size=40) | st.builds(header, st.integers(0, 300)), max_size=8))
def test_any_bytes_are_messages_or_refused(pieces: list[bytes]) -> None:
    try:
        messages = fed(pieces)
    except FormatError:
        return
    assert sum(len(message.data) for message in messages) <= sum(map(len, pieces))
