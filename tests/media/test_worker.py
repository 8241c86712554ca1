"""The worker as a process: its limits, its end, and what hostile input does to it."""

import os
import random
import signal
import struct
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from televise.link.messages import Allow, Ended, Hello, Look, Media, Open, State
from televise.media import limits
from tests.conftest import Needs
from tests.ingest.publishers import RED, picture
from tests.media.films import make, moving, numbers, ramp, tone
from tests.media.rig import H264, JPEG, Worker, play, running

PATTERN = "pattern:?size=160x120&fps=10"


def limit_of(worker: Worker, name: str) -> list[str]:
    lines = Path(f"/proc/{worker.process.pid}/limits").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(name)]
    return line[len(name) :].split()[:2]


def test_its_limits_are_in_force() -> None:
    with running(PATTERN) as worker:
        worker.wait_for_state("live")
        assert limit_of(worker, "Max address space") == [str(limits.MEMORY)] * 2
        assert limit_of(worker, "Max open files") == [str(limits.OPEN_FILES)] * 2
        assert limit_of(worker, "Max core file size") == ["0", "0"]
        assert limit_of(worker, "Max file size") == ["0", "0"]


def test_it_ends_when_its_link_does() -> None:
    with running(PATTERN) as worker:
        worker.collect(worker.subscribe(H264), 0.1)
        worker.close_link()
        assert worker.wait_for_end() in (0, 1)


def test_it_ends_before_it_was_told_anything() -> None:
    with running("") as worker:
        worker.wait_for(lambda: worker.messages or None)
        worker.close_link()
        assert worker.wait_for_end() == 0


SLOW = """
import time
from televise.media import worker
from televise.media.transcoder import VideoTranscoder
encode = VideoTranscoder._encode
def slowly(*given):
    time.sleep({seconds})
    encode(*given)
VideoTranscoder._encode = slowly
worker.HANGING_SECONDS = 1.0
worker.main()
"""


def test_an_encoder_that_hangs_is_noticed() -> None:
    """The source lives meanwhile: nothing else tells of it."""
    with running(PATTERN, program=("-c", SLOW.format(seconds=3600))) as worker:
        worker.wait_for_state("live")
        worker.subscribe(JPEG)
        assert worker.wait_for_end() == 1
        assert worker.process.stderr is not None
        assert b"an encoder has not finished a picture in 1 s" in worker.process.stderr.read()


def test_a_slow_encoder_is_left_alone() -> None:
    with running(PATTERN, program=("-c", SLOW.format(seconds=0.7))) as worker:
        (run,) = worker.collect(worker.subscribe(JPEG), 3.0)
        assert len(run.packets) > 3
        assert worker.process.poll() is None


FAILS_ONCE = """
import av.error
from televise.media import worker
from televise.media.replay import Replay
append, failed = Replay.append_picture, []
def fail_once(*given):
    if not failed:
        failed.append(True)
        raise av.error.OSError(95, "Operation not supported")
    append(*given)
Replay.append_picture = fail_once
worker.main()
"""


def test_what_ffmpeg_cannot_take_is_no_lost_link_and_the_next_is_shown() -> None:
    with running(PATTERN, program=("-c", FAILS_ONCE)) as worker:
        told = worker.wait_for_state("offline").text
        assert told == "what it gives cannot be shown: operation not supported"
        worker.wait_for_state("live")
        worker.collect(worker.subscribe(H264), 0.2)
        assert worker.process.poll() is None


def test_an_interrupt_from_the_keyboard_is_the_hubs_affair() -> None:
    with running(PATTERN) as worker:
        number = worker.subscribe(H264)
        worker.collect(number, 0.1)
        worker.process.send_signal(signal.SIGINT)
        worker.collect(number, 1.0)
        assert worker.process.poll() is None


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, b"\0\0\0\2\7{", b"\0\0\0\0\0"],
    ids=["http", "ones", "json", "empty"],
)
def test_garbage_on_its_link_ends_it_with_one_line(garbage: bytes) -> None:
    worker = Worker(PATTERN)
    worker.wait_for_state("live")
    worker.send_bytes(garbage)
    assert worker.wait_for_end() == 0
    complaint = worker.stop()
    assert complaint.startswith("the link is gone: ")
    assert complaint.count("\n") == 1


def test_a_second_open_changes_nothing() -> None:
    with running(PATTERN) as worker:
        number = worker.subscribe(H264)
        worker.collect(number, 0.2)
        worker.send(Open("x=/nowhere", 0.0))
        (_,) = worker.collect(number, 0.8)


def test_it_looks_at_pixels_before_it_decodes(tmp_path: Path) -> None:
    """As many as it was allowed last, when the source is opened."""
    film = tmp_path / "still.png"
    film.write_bytes(picture(RED, "PNG", (320, 240)))
    worker = Worker("")
    worker.send(Allow(pixels=1 << 20))
    worker.send(Allow(pixels=320 * 240 - 1))
    worker.send(Open(f"x={film}", 0.0))
    state = worker.wait_for_state("offline")
    assert worker.stop() == ""
    assert state.text == f"{film}: its pictures are damaged or larger than 76799 pixels"
    worker = Worker("")
    worker.send(Allow(pixels=320 * 240))
    worker.send(Open(f"x={film}", 0.0))
    worker.wait_for_state("live")
    assert worker.stop() == ""


def test_nor_does_it_show_too_many_of_its_own() -> None:
    """As soon as they are allowed it does: its hub tells it of that while it runs."""
    worker = Worker("")
    worker.send(Allow(pixels=160 * 120 - 1))
    worker.send(Open(f"x={PATTERN}", time.monotonic(), 30.0))
    told = worker.wait_for_state("offline").text
    assert told == "its pictures have 160x120 pixels; the limit is 19199"
    worker.send(Allow(pixels=160 * 120))
    worker.wait_for_state("live")
    assert worker.stop() == ""


def test_more_pixels_than_can_be_shown_are_made_fewer(tmp_path: Path) -> None:
    """An operator may allow them; encoders and browsers do not."""
    film = tmp_path / "still.jpg"
    film.write_bytes(picture(RED, "JPEG", (8192, 4096)))
    worker = Worker("")
    worker.send(Allow(pixels=8192 * 4096))
    worker.send(Open(f"x={film}", 0.0))
    run = worker.collect(worker.subscribe(JPEG), 0.1)[0]
    assert worker.stop() == ""
    track = run.track("video")
    assert track.width == 4096
    assert track.width * track.height <= 4096 * 2304


def test_less_of_the_past_is_kept_when_it_is_told() -> None:
    worker = Worker("")
    worker.send(Open(f"x={PATTERN}", time.monotonic(), 60.0))
    worker.collect(worker.subscribe(JPEG), 2.0)
    worker.send(Look(1000, JPEG, 1.0, 0.0))
    assert worker.wait_for(lambda: ended(worker, 1000)) == [""]
    worker.send(Allow(kept=1))
    worker.send(Look(1001, JPEG, 1.0, 0.0))
    (told,) = worker.wait_for(lambda: ended(worker, 1001))
    assert told.startswith("no picture from 1 s ago is kept")
    assert worker.stop() == ""


def ended(worker: Worker, number: int) -> list[str]:
    """What was said at the end of a look."""
    return [each.text for each in worker.messages if isinstance(each, Ended) and each.id == number]


def test_it_says_twice_a_second_that_it_lives() -> None:
    with running("/nowhere.mp4") as worker:
        worker.wait_for(lambda: len([m for m in worker.messages if isinstance(m, State)]) > 2)
        states = {m for m in worker.messages if isinstance(m, State)}
    assert states == {State("offline", "/nowhere.mp4: there is no such file", final=True)}


def test_killed_it_leaves_whole_messages() -> None:
    """What had arrived by then is what it had sent: nothing is half."""
    worker = Worker(PATTERN)
    worker.collect(worker.subscribe(JPEG), 0.2)
    worker.process.kill()
    assert worker.wait_for_end() == -signal.SIGKILL
    worker.stop()
    assert isinstance(worker.messages[0], Hello)
    jpegs = [message.packet.data for message in worker.messages if isinstance(message, Media)]
    assert all(data.endswith(b"\xff\xd9") for data in jpegs)


def test_only_the_environment_that_it_needs() -> None:
    with running(PATTERN) as worker:
        worker.wait_for_state("live")
        names = Path(f"/proc/{worker.process.pid}/environ").read_bytes()
        assert b"PYTHONPATH=" in names, "it is this process's environment"


def png(width: int, height: int) -> bytes:
    """A picture of which only the size is large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 20))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def jpeg(folder: Path, width: int, height: int) -> bytes:
    small = make(folder / "small.jpg", *moving(), "-frames:v", "1", "-update", "1").read_bytes()
    at = small.index(b"\xff\xc0") + 5
    return small[:at] + struct.pack(">HH", height, width) + small[at + 4 :]


@pytest.mark.parametrize("kind", ["png", "jpg"])
@pytest.mark.parametrize("side", [60_000, 20_000, 5_000])
def test_a_picture_with_a_huge_size_is_refused(
    kind: str, side: int, tmp_path: Path, needs: Needs
) -> None:
    needs("ffmpeg")
    bomb = tmp_path / f"bomb.{kind}"
    bomb.write_bytes(png(side, side) if kind == "png" else jpeg(tmp_path, side, side))
    with running(bomb) as worker:
        worker.subscribe(JPEG)
        state = worker.wait_for_state("offline", final=True)
        peak = Path(f"/proc/{worker.process.pid}/status").read_text()
    memory = next(int(line.split()[1]) for line in peak.splitlines() if line.startswith("VmHWM"))
    assert memory < 300_000, "kilobytes"
    assert state.text.startswith(f"{bomb}: ")


def test_a_stream_that_turns_into_a_bomb(tmp_path: Path, needs: Needs) -> None:
    """The pictures are transcoded; then one comes that says it is huge."""
    needs("ffmpeg")
    good = make(tmp_path / "good.jpg", *moving(), "-frames:v", "1", "-update", "1").read_bytes()
    bomb = jpeg(tmp_path, 60_000, 60_000)
    ours, theirs = os.pipe()
    over = threading.Event()

    def write() -> None:
        with os.fdopen(theirs, "wb", buffering=0) as pipe:
            for number in range(100_000):
                pipe.write(bomb if number % 10 == 9 else good)
                if over.wait(0.02):
                    return

    with running("-", ours) as worker:
        os.close(ours)
        writer = threading.Thread(target=write)
        writer.start()
        number = worker.subscribe(H264)
        runs = worker.collect(number, 1.5)
        status = Path(f"/proc/{worker.process.pid}/status").read_text()
        over.set()
        writer.join()
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert memory < 400_000, "kilobytes"
    assert {(run.tracks[0].width, run.tracks[0].height) for run in runs} == {(160, 120)}


def flip(data: bytes, seed: int) -> bytes:
    """Some bytes are others; the beginning is spared at times, so that it is opened."""
    chance = random.Random(seed)
    broken = bytearray(data)
    for _ in range(chance.choice((3, 30, 300))):
        broken[chance.randrange(len(broken) // 20 * (seed % 3), len(broken))] = chance.randrange(
            256
        )
    return bytes(broken)


def cut(data: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    begin = chance.randrange(len(data))
    return data[:begin] + data[begin + chance.randrange(2000) :]


FILMS: dict[str, tuple[str, ...]] = {
    "mp4": ("-c:v", "libx264", "-bf", "2", "-c:a", "aac", "-movflags", "faststart"),
    "ts": ("-c:v", "libx264", "-bf", "0", "-c:a", "aac"),
    "mkv": ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus"),
    "avi": ("-c:v", "mjpeg", "-c:a", "pcm_s16le"),
    "flv": ("-c:v", "libx264", "-bf", "0", "-c:a", "aac"),
}


@pytest.mark.parametrize("kind", list(FILMS))
def test_broken_films_never_break_it(kind: str, tmp_path: Path, needs: Needs) -> None:
    """Each is played, as far as it can be, or refused; the process lives on, and says so."""
    needs("ffmpeg")
    film = make(tmp_path / f"film.{kind}", *ramp(), *tone(), *FILMS[kind]).read_bytes()
    workers = []
    for seed in range(8):
        broken = tmp_path / f"{seed}.{kind}"
        broken.write_bytes((flip if seed % 2 else cut)(film, seed))
        workers.append(Worker(str(broken)))
        workers[-1].subscribe(H264)
        workers[-1].subscribe(JPEG)
    outcomes = [outcome(worker) for worker in workers]
    complaints = [worker.stop() for worker in workers]
    assert complaints == [""] * len(workers)
    assert outcomes.count("played") >= len(workers) // 2


def outcome(worker: Worker) -> str:
    """What became of a broken film; fails where its worker ended, or says nothing any more."""

    def is_settled() -> bool:
        states = [m.state for m in worker.messages if isinstance(m, State)]
        return len(states) > 7 and states[-1] in ("live", "offline")

    worker.wait_for(is_settled)
    assert worker.process.poll() is None
    counts = [sum(len(run.packets) for run in worker.runs(number)) for number in (1, 2)]
    return "played" if min(counts) > 20 else "not played"


def test_a_real_film(clip: Callable[[str], Path], needs: Needs) -> None:
    needs("ffmpeg")
    (run,), announced = play(clip("bigbuckbunny.mp4"), 1.0)
    assert announced["audio"].delivery == "passthrough"
    assert (run.tracks[0].width, run.tracks[0].height) == (1280, 720)
    assert len(numbers(run.mp4(), (1280, 720))) == len(run.of("video"))


def test_pictures_that_came_in_another_order_were_captured_in_that_in_which_they_are_shown(
    tmp_path: Path, needs: Needs
) -> None:
    """B-frames come after what is shown later; a viewer's clock does not turn back for that."""
    needs("ffmpeg")
    film = make(
        tmp_path / "film.mp4", *moving(seconds=2), "-c:v", "libx264", "-bf", "3", "-g", "50"
    )
    for rendition in (JPEG, H264):
        (run,), _ = play(film, 3.0, rendition)
        times = [packet.captured for packet in run.packets]
        assert len(times) > 40
        assert times == sorted(set(times))
