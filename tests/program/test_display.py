"""The program's side of what a worker is shown, without a worker."""

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from televise.link.frames import Memory, Receiver
from televise.link.mailbox import Head, Reader
from televise.program.background import Background
from televise.program.display import Display
from televise.program.picture import understand

NOW = 1_700_000_000_000_000_000


@pytest.fixture
def display(tmp_path: Path) -> Iterator[Display]:
    background = Background()
    made = Display("cam", tmp_path / "frames", 30.0, background)
    yield made
    background.soon(made.outlet.close)
    background.stop()


def show(display: Display, value: int) -> None:
    frame = np.full((2, 2, 3), value, np.uint8)
    display.show(understand(frame), frame, NOW + value, b"")


def first_seen(path: Path) -> tuple[int, int]:
    """What a new worker finds at its first look: a value, and when it was captured."""
    messages: list[object] = []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(path))
        receiver = Receiver()
        while not any(isinstance(message, Memory) for message in messages):
            data, descriptors, _, _ = socket.recv_fds(connection, 4096, 4)
            messages += receiver.feed(data, descriptors)
        (memory,) = [message for message in messages if isinstance(message, Memory)]
        found = Reader(memory.descriptor).read(_take)
        assert found is not None
        return found


def _take(head: Head, data: memoryview, _: bytes) -> tuple[int, int]:
    return data[0], head.captured - NOW


def test_a_new_worker_finds_the_last_picture_and_none_before_it(
    display: Display, tmp_path: Path
) -> None:
    # Nobody watches: the first is copied, the others are kept as they are.
    for value in (10, 20, 30):
        show(display, value)
    assert first_seen(tmp_path / "frames") == (30, 30)
    assert first_seen(tmp_path / "frames") == (30, 30), "and so does the next"
    show(display, 40)
    assert first_seen(tmp_path / "frames") == (40, 40)
