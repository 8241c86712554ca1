"""The shared memory between a program and its worker: newest wins, nothing is torn."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from televise.errors import LinkError
from televise.link.mailbox import FORMATS, PIXEL_BYTES, Head, Reader, Writer
from tests.support.process import environment
from tests.support.waiting import wait_until

HEAD = Head(4, 2, "gray", 1_700_000_000_123_456_000)


@pytest.fixture
def writer() -> Iterator[Writer]:
    made = Writer(1000)
    yield made
    made.close()


def reader_of(writer: Writer) -> Reader:
    return Reader(os.dup(writer.descriptor))


def put(writer: Writer, data: bytes, head: Head = HEAD, meta: bytes = b"") -> None:
    def fill(view: memoryview) -> None:
        view[:] = data

    writer.write(head, len(data), fill, meta)
    writer.publish()


def take(head: Head, data: memoryview, meta: bytes) -> tuple[Head, bytes, bytes]:
    return head, bytes(data), meta


def test_there_is_nothing_in_it_at_first(writer: Writer) -> None:
    reader = reader_of(writer)
    assert (reader.read(take), reader.sequence) == (None, 0)


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_written_is_read(writer: Writer, format: str) -> None:
    head = Head(4096, 2304, format, 2**63)
    put(writer, b"picture", head, b'{"a":1}')
    reader = reader_of(writer)
    for _ in range(2):  # it stays there
        assert reader.read(take) == (head, b"picture", b'{"a":1}')
    assert reader.sequence == 1


def test_the_newest_wins(writer: Writer) -> None:
    reader = reader_of(writer)
    for number in range(20):
        put(writer, b"%d" % number)
    found = reader.read(take)
    assert found is not None
    assert (found[1], reader.sequence) == (b"19", 20)


def test_what_is_being_read_is_not_overwritten(writer: Writer) -> None:
    reader = reader_of(writer)
    put(writer, b"before")

    def slowly(head: Head, data: memoryview, meta: bytes) -> bytes:
        for number in range(10):
            put(writer, b"next %d" % number)
        return bytes(data)

    assert reader.read(slowly) == b"before"
    found = reader.read(take)
    assert found is not None
    assert found[1] == b"next 9"


def test_a_picture_that_was_overwritten_all_the_same_is_read_again(writer: Writer) -> None:
    """The reader's mark may come too late by a hair: here it is wiped out."""
    reader = reader_of(writer)
    put(writer, b"first")
    seen = []

    def overtaken(head: Head, data: memoryview, meta: bytes) -> bytes:
        seen.append(bytes(data))
        if len(seen) == 1:
            reader_of(writer)  # a reader that comes begins without a mark
            for _ in range(3):
                put(writer, b"other")
        return bytes(data)

    assert reader.read(overtaken) == b"other"
    assert seen == [b"first", b"other"]


def test_a_failing_reader_holds_no_slot(writer: Writer) -> None:
    reader = reader_of(writer)
    put(writer, b"bad")

    def fail(head: Head, data: memoryview, meta: bytes) -> None:
        raise ZeroDivisionError

    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            reader.read(fail)
        put(writer, b"good")
    found = reader.read(take)
    assert found is not None
    assert found[1] == b"good"


def test_a_writer_that_fails_leaves_the_picture_before(writer: Writer) -> None:
    put(writer, b"before")

    def fail(view: memoryview) -> None:
        view[:] = b"broken"
        raise ZeroDivisionError

    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            writer.write(HEAD, 6, fail)
        writer.publish()
    found = reader_of(writer).read(take)
    assert found is not None
    assert found[1] == b"before"


def test_what_is_not_published_is_not_seen(writer: Writer) -> None:
    """It may be written anew, while another one is read."""
    reader = reader_of(writer)

    def write(data: bytes) -> None:
        writer.write(HEAD, len(data), lambda view: view.__setitem__(slice(None), data))

    def slowly(head: Head, data: memoryview, meta: bytes) -> bytes:
        for number in range(5):
            write(b"later %d" % number)
        return bytes(data)

    write(b"early")
    assert (reader.read(take), reader.sequence) == (None, 0)
    put(writer, b"first")
    assert reader.read(slowly) == b"first"
    assert reader.sequence == 1
    for sequence in (2, 3):  # the second time there is nothing else: it is shown once more
        writer.publish()
        found = reader.read(take)
        assert found is not None
        assert (found[1], reader.sequence) == (b"later 4", sequence)


def test_where_nothing_was_written_nothing_is_published(writer: Writer) -> None:
    writer.publish()
    reader = reader_of(writer)
    assert (reader.read(take), reader.sequence) == (None, 0)


def test_it_is_as_large_as_asked_and_knows_its_rate() -> None:
    for least in (1, 65536, 65537, 4096 * 2304 * 4):
        writer = Writer(least, 29.97)
        assert writer.capacity >= least
        put(writer, bytes(least))
        reader = reader_of(writer)
        assert reader.fps == 29.97
        found = reader.read(take)
        assert found is not None
        assert len(found[1]) == least
        writer.close()


def test_memory_that_is_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"", b"short", bytes(4096), bytes(100_000)):
        path.write_bytes(content)
        with pytest.raises(LinkError, match="shared memory"):
            Reader(os.open(path, os.O_RDWR))


def test_memory_without_a_picture_where_one_should_be_is_refused(writer: Writer) -> None:
    put(writer, b"x")
    for index, value in ((4, 99), (5, 1 << 40), (6, 1 << 40)):
        reader = reader_of(writer)
        numbers = writer._memory.heads[0]
        before, numbers[index] = numbers[index], value
        with pytest.raises(LinkError, match="no picture"):
            reader.read(take)
        numbers[index] = before


def test_every_pixel_format_has_its_size() -> None:
    assert set(PIXEL_BYTES) < set(FORMATS)


WRITER = """
import os, sys
from televise.link.mailbox import Head, Reader, Writer

writer = Writer(1)
writer._memory = Reader(int(sys.argv[1]))._memory
number = 0
while True:
    number += 1
    data = bytes([number % 251]) * 50_000
    def fill(view):
        view[:] = data
    writer.write(Head(1, 1, "gray", 0), len(data), fill)
    writer.publish()
"""


def test_two_processes_never_see_half_a_picture() -> None:
    """One writes as fast as it can, the other reads as fast as it can."""
    writer = Writer(60_000)
    reader = reader_of(writer)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(writer.descriptor)],
        pass_fds=(writer.descriptor,),
        env=environment(),
    ) as process:
        try:
            wait_until(lambda: reader.sequence)
            seen: set[int] = set()
            while len(seen) < 100:
                found = reader.read(take)
                assert found is not None
                assert found[1] == found[1][:1] * 50_000
                seen.add(found[1][0])
                assert process.poll() is None
        finally:
            process.kill()
    writer.close()
