"""The worker's side of a program that shows frames, without a hub."""

import os
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from televise.link.frames import MEMORY, UNWATCHED, WAKE, WATCHED, Samples, encode_samples
from televise.link.mailbox import Head, Writer
from tests.media.rig import H264, JPEG, Worker, running

NOW = 1_700_000_000_000_000_000


class Program:
    """What a program does on its end, step by step."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer = Writer(1 << 20, fps=20)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()
        self._listening.settimeout(20)

    def accept(self) -> None:
        self.connection, _ = self._listening.accept()
        self.connection.settimeout(20)
        self.hand_over()

    def hand_over(self) -> None:
        socket.send_fds(self.connection, [MEMORY], [self.writer.descriptor])

    def show(self, data: bytes, format: str, size: tuple[int, int], captured: int = NOW) -> None:
        def fill(view: memoryview) -> None:
            view[:] = data

        self.writer.write(Head(*size, format, captured), len(data), fill)
        self.writer.publish()
        self.connection.sendall(WAKE)

    def close(self) -> None:
        self.connection.close()
        self._listening.close()
        self.writer.close()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path / "frames")
    yield made
    made.close()


@pytest.fixture
def worker(program: Program) -> Iterator[Worker]:
    with running(f"frames:{program.path}") as made:
        program.accept()
        yield made


def test_it_says_whether_somebody_watches(program: Program, worker: Worker) -> None:
    assert program.connection.recv(1) == UNWATCHED
    number = worker.subscribe(JPEG)
    assert program.connection.recv(1) == WATCHED
    other = worker.subscribe(H264)
    worker.unsubscribe(number)
    worker.unsubscribe(other)
    assert program.connection.recv(10) == UNWATCHED, "once, when the last has gone"


def test_an_unwatched_picture_is_announced_and_not_kept(program: Program, worker: Worker) -> None:
    program.show(bytes(64 * 48 * 3), "rgb24", (64, 48))
    worker.wait_for_state("live")
    assert (worker.announced()["video"].width, worker.announced()["video"].height) == (64, 48)
    number = worker.subscribe(JPEG)
    program.show(b"\xff" * 64 * 48 * 3, "rgb24", (64, 48), NOW + 10**9)
    packet = worker.collect(number, 0)[0].packets[0]
    assert packet.captured == NOW + 10**9


@pytest.mark.parametrize(
    ("format", "depth"), [("rgb24", 3), ("bgr24", 3), ("gray", 1), ("rgba", 4), ("bgra", 4)]
)
def test_every_kind_of_pixels(program: Program, worker: Worker, format: str, depth: int) -> None:
    number = worker.subscribe(H264)
    program.show(b"\x80" * (98 * 50 * depth), format, (98, 50))
    track = worker.collect(number, 0)[0].track("video")
    assert (track.width, track.height) == (98, 50)


def test_pixels_that_are_too_few_are_no_picture(program: Program, worker: Worker) -> None:
    worker.subscribe(JPEG)
    program.show(b"\x80" * 100, "rgb24", (64, 48))
    worker.wait_for_state("offline", text="100 bytes are no picture of rgb24")
    program.show(bytes(64 * 48 * 3), "rgb24", (64, 48))
    worker.wait_for_state("live")


def test_a_picture_of_too_many_pixels_is_refused(program: Program, worker: Worker) -> None:
    worker.subscribe(JPEG)
    program.show(b"\x80" * 100, "rgb24", (100_000, 100_000))
    worker.wait_for_state("offline", text="100000x100000 pixels; the limit is")


def test_a_larger_memory_takes_the_place_of_the_first(program: Program, worker: Worker) -> None:
    number = worker.subscribe(JPEG)
    program.show(bytes(64 * 48), "gray", (64, 48))
    worker.collect(number, 0)
    program.writer.close()
    program.writer = Writer(1920 * 1080 * 3)
    program.hand_over()
    program.show(bytes(1920 * 1080 * 3), "rgb24", (1920, 1080))
    assert worker.collect(number, 0, epochs=2)[1].track("video").width == 1920
    maps = Path(f"/proc/{worker.process.pid}/maps").read_text()
    assert maps.count("memfd:televise") == 1


def test_sound_begins_an_epoch_and_has_no_gaps(program: Program, worker: Worker) -> None:
    number = worker.subscribe(H264)
    program.show(bytes(64 * 48), "gray", (64, 48))
    worker.collect(number, 0)
    for block in range(100):  # their times tremble by 40 ms
        at = NOW + block * 20_000_000 + (block % 5) * 10_000_000
        samples = Samples(at, 48_000, 2, "s16", bytes(960 * 4))
        program.connection.sendall(encode_samples(samples))
        program.show(bytes(64 * 48), "gray", (64, 48), NOW + block * 20_000_000)
    run = worker.collect(number, 1.0, epochs=2)[-1]
    assert run.track("audio").channels == 2
    times = run.seconds("audio")
    assert all(later - earlier < 0.025 for earlier, later in pairwise(times))


def test_a_program_that_goes_is_final(program: Program, worker: Worker) -> None:
    program.connection.close()
    worker.wait_for_state("offline", text="the program has ended this channel", final=True)
    assert worker.process.poll() is None


def test_nonsense_is_an_end(program: Program, worker: Worker) -> None:
    program.connection.sendall(b"nonsense")
    worker.wait_for_state("offline", text="cannot be understood")


def test_memory_that_is_none(program: Program, worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(10_000))
    with path.open("rb+") as file:
        socket.send_fds(program.connection, [MEMORY], [file.fileno()])
    worker.wait_for_state("offline", text="shared memory")


def test_where_no_program_listens(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with running(f"frames:{path}") as worker:
            worker.wait_for_state("offline", text=f"{path}: no program shows frames", final=True)


def test_it_holds_no_descriptors(program: Program, worker: Worker) -> None:
    folder = Path(f"/proc/{worker.process.pid}/fd")
    number = worker.subscribe(JPEG)
    program.show(bytes(64 * 48), "gray", (64, 48))
    worker.collect(number, 0)
    before = len(os.listdir(folder))  # noqa: PTH208 - a count
    for epoch in range(20):
        program.hand_over()
        program.show(bytes(64 * 48), "gray", (64, 48), NOW + epoch)
    worker.wait_for(lambda: len(worker.runs(number)[-1].packets) > 3 or None)
    assert len(os.listdir(folder)) <= before + 1  # noqa: PTH208
