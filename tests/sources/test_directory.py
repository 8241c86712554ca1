"""Directories of pictures and of segments, as ffmpeg, Pillow and slow writers fill them."""

import io
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from televise.media import segments
from televise.model.rendition import Rendition
from tests.conftest import Needs
from tests.media.films import COUNT, numbers, ramp, tone
from tests.media.rig import H264, JPEG, Run, Worker, running, steps
from tests.support.waiting import wait_until

SIZE = (160, 120)
# Wide apart, so that no encoder can mistake one for another.
BRIGHTNESS = 20


@pytest.fixture(autouse=True)
def _programs(needs: Needs) -> None:
    needs("ffmpeg")


@contextmanager
def ffmpeg(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """An ffmpeg that writes all the time."""
    command = ["ffmpeg", "-v", "error", "-nostdin", *arguments]
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.kill()


def picture(number: int, format: str = "jpeg", size: tuple[int, int] = SIZE) -> bytes:
    """A grey picture that can be told from the others."""
    file = io.BytesIO()
    Image.new("RGB", size, (number * BRIGHTNESS,) * 3).save(file, format)
    return file.getvalue()


def animation(*shown: int, milliseconds: int, format: str = "gif") -> bytes:
    file = io.BytesIO()
    first, *rest = (Image.new("RGB", SIZE, (number * BRIGHTNESS,) * 3) for number in shown)
    first.save(file, format, save_all=True, append_images=rest, duration=milliseconds, loop=0)
    return file.getvalue()


def put(folder: Path, name: str, data: bytes) -> None:
    """Write a file as careful programs do."""
    temporary = folder / f"{name}.tmp"
    temporary.write_bytes(data)
    temporary.rename(folder / name)


def seen(runs: list[Run]) -> list[int]:
    """The numbers of the pictures that came as JPEG, those that came again left out."""
    found: list[int] = []
    for packet in (packet for run in runs for packet in run.packets):
        with Image.open(io.BytesIO(packet.data)) as image:
            number = round(float(np.asarray(image.convert("L")).mean()) / BRIGHTNESS)
        if found[-1:] != [number]:
            found.append(number)
    return found


class Viewer:
    """Somebody who watches a directory as JPEG."""

    def __init__(self, worker: Worker, rendition: Rendition = JPEG) -> None:
        self.worker = worker
        self._number = worker.subscribe(rendition)

    @property
    def runs(self) -> list[Run]:
        return self.worker.runs(self._number)

    def sees(self, *shown: int) -> None:
        """Wait until exactly these pictures have been seen."""
        expected = list(shown)
        try:
            wait_until(lambda: len(seen(self.runs)) >= len(expected))
        finally:
            assert seen(self.runs) == expected

    def has_seen(self, number: int) -> None:
        wait_until(lambda: number in seen(self.runs))


@contextmanager
def watching(folder: Path, options: str = "") -> Iterator[Viewer]:
    with running(f"dir:{folder}{options}") as worker:
        yield Viewer(worker)


@dataclass
class Complaints:
    """What a worker that may complain writes to standard error."""

    viewer: Viewer
    rest: str = ""

    def next(self) -> str:
        """The next line."""
        stderr = self.viewer.worker.process.stderr
        assert stderr is not None
        line = b""
        while not line.endswith(b"\n"):
            letter = os.read(stderr.fileno(), 1)
            assert letter, "it has ended"
            line += letter
        return line.decode().rstrip()


@contextmanager
def complaining(folder: Path, options: str = "") -> Iterator[Complaints]:
    """A worker that may complain; ``rest`` is what it has said when it is over."""
    worker = Worker(f"dir:{folder}{options}")
    complaints = Complaints(Viewer(worker))
    try:
        yield complaints
    finally:
        complaints.rest = worker.stop()


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# How pictures come


@pytest.mark.parametrize(
    "output",
    [
        ("-f", "image2", "-update", "1", "-atomic_writing", "1", "image.jpg"),
        ("-f", "image2", "-update", "1", "image.jpg"),
        ("-f", "image2", "in%d.jpg"),
        ("-f", "image2", "-c:v", "mjpeg", "in%d.gif"),
    ],
    ids=["renamed", "rewritten", "numbered", "misnamed"],
)
def test_jpegs_of_ffmpeg_come_untouched(output: tuple[str, ...], tmp_path: Path) -> None:
    *options, name = output
    film = ["-re", *ramp(count=1000), "-c:v", "mjpeg", "-q:v", "2"]
    with running(f"dir:{tmp_path}") as worker:
        number = worker.subscribe(JPEG)
        with ffmpeg(*film, *options, str(tmp_path / name)):
            (run,) = worker.collect(number, 1.5)
    assert run.track("video").delivery == "passthrough"
    shown = numbers(b"".join(packet.data for packet in run.packets), SIZE)
    # On a busy machine some may be overtaken; none is shown twice, or after a later one.
    assert all(1 <= (after - before) % COUNT <= COUNT - 3 for before, after in pairwise(shown))
    assert len(shown) > 15
    assert min(steps(run, "video")) > 0


@pytest.mark.parametrize("format", ["jpeg", "png", "gif", "webp"])
def test_half_a_picture_is_never_shown(format: str, tmp_path: Path) -> None:
    put(tmp_path, f"0.{format}", picture(1, format))
    data = picture(2, format)
    with watching(tmp_path) as viewer, (tmp_path / f"1.{format}").open("wb", 0) as slow:
        viewer.sees(1)
        slow.write(data[:-1])
        put(tmp_path, f"2.{format}", picture(3, format))
        viewer.sees(1, 3)
        slow.write(data[-1:])  # its writer does not close it
        viewer.sees(1, 3, 2)


def test_a_picture_rewritten_in_place_is_shown_whenever_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "image.jpg"
    file.write_bytes(picture(1))
    with watching(tmp_path) as viewer:
        for number in range(2, 6):
            viewer.has_seen(number - 1)
            with file.open("wb", 0) as slow:
                data = picture(number)
                for start in range(0, len(data), 200):
                    slow.write(data[start : start + 200])
        viewer.sees(1, 2, 3, 4, 5)


def test_the_newest_is_shown_first(tmp_path: Path) -> None:
    for number in range(1, 10):
        (tmp_path / f"{number}.jpg").write_bytes(picture(number))
        os.utime(tmp_path / f"{number}.jpg", (1_000_000_000 + number % 5,) * 2)
    with watching(tmp_path) as viewer:
        viewer.sees(9)  # as old as 4, but with a higher number
        put(tmp_path, "0.jpg", picture(10))
        viewer.sees(9, 10)


def test_each_is_played_in_the_order_of_the_numbers(tmp_path: Path) -> None:
    for number in range(8, 0, -1):
        (tmp_path / f"image{number + 4}.jpg").write_bytes(picture(number))
    with watching(tmp_path, "?fps=10") as viewer:
        viewer.sees(*range(1, 9))
        put(tmp_path, "image13.jpg", picture(9))
        viewer.sees(*range(1, 10))
    (run,) = viewer.runs
    at = [packet.seconds for packet in run.packets]
    assert at[7] - at[0] > 0.6, "so many a second and no more"


def test_what_is_never_complete_blocks_nobody(tmp_path: Path) -> None:
    for number in range(1, 6):
        (tmp_path / f"{number}.jpg").write_bytes(picture(number))
    os.truncate(tmp_path / "3.jpg", 300)
    with watching(tmp_path, "?fps=20") as viewer:
        viewer.sees(1, 2, 4, 5)
        (tmp_path / "3.jpg").write_bytes(picture(3))
        viewer.sees(1, 2, 4, 5, 3)


def test_kinds_and_sizes_may_be_mixed(tmp_path: Path) -> None:
    sizes = {1: SIZE, 2: SIZE, 3: (320, 240), 4: (64, 48), 5: SIZE, 6: (161, 121)}
    formats = {1: "jpeg", 2: "png", 3: "webp", 4: "gif", 5: "jpeg", 6: "jpeg"}
    with watching(tmp_path) as viewer:
        for number, size in sizes.items():
            put(tmp_path, f"{number}.{formats[number]}", picture(number, formats[number], size))
            viewer.has_seen(number)
        viewer.sees(*sizes)
        shapes = [(run.tracks[0].width, run.tracks[0].height) for run in viewer.runs]
    assert {*shapes} == {SIZE, (320, 240), (64, 48)}, "what is encoded has even sides"


@pytest.mark.parametrize("format", ["gif", "png", "webp"])
def test_an_animation_is_played_at_its_own_speed(format: str, tmp_path: Path) -> None:
    put(tmp_path, f"a.{format}", animation(1, 4, 7, milliseconds=120, format=format))
    with watching(tmp_path) as viewer:
        # Where the machine is busy a picture may be left out.
        wait_until(lambda: "1, 4, 7, 1, 4, 7" in str(seen(viewer.runs)))
        put(tmp_path, f"b.{format}", picture(10, format))
        viewer.has_seen(10)
    (run,) = viewer.runs
    at = [packet.seconds for packet in run.packets]
    assert at[5] - at[0] > 4 * 0.12


def test_an_animation_is_played_to_its_end_before_the_next(tmp_path: Path) -> None:
    (tmp_path / "1.gif").write_bytes(animation(1, 3, 5, milliseconds=200))
    (tmp_path / "2.gif").write_bytes(animation(7, 9, milliseconds=200))
    (tmp_path / "3.gif").write_bytes(picture(11, "gif"))
    with watching(tmp_path, "?fps=20") as viewer:
        viewer.sees(1, 3, 5, 7, 9, 11)


def test_a_photograph_is_turned(tmp_path: Path) -> None:
    photograph = Image.new("RGB", SIZE, "white")
    photograph.paste("black", (0, 0, 80, 120))  # the left half
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    photograph.save(tmp_path / "photograph.jpg", exif=exif)
    with watching(tmp_path) as viewer:
        run = wait_until(lambda: [run for run in viewer.runs if run.packets])[0]
        with Image.open(io.BytesIO(run.packets[0].data)) as image:
            pixels = np.asarray(image.convert("L"))
    assert pixels.shape == (160, 120)
    assert pixels[:70].mean() < 10 < 245 < pixels[90:].mean()


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", SIZE, (0, 0, 0, 0)).save(tmp_path / "nothing.png")
    with watching(tmp_path) as viewer:
        run = wait_until(lambda: [run for run in viewer.runs if run.packets])[0]
        with Image.open(io.BytesIO(run.packets[0].data)) as image:
            assert np.asarray(image.convert("L")).mean() > 250


def test_who_comes_late_sees_the_last_picture(tmp_path: Path) -> None:
    put(tmp_path, "1.png", picture(5, "png"))
    with watching(tmp_path) as viewer:
        viewer.sees(5)
        Viewer(viewer.worker).sees(5)
        film = Viewer(viewer.worker, H264)
        wait_until(lambda: film.runs and len(film.runs[0].packets) > 1)


# What is deleted


def test_what_was_shown_is_deleted(tmp_path: Path) -> None:
    for number in range(1, 5):
        (tmp_path / f"{number}.png").write_bytes(picture(number, "png"))
    with watching(tmp_path, "?fps=2&delete=1") as viewer:
        viewer.sees(1, 2, 3, 4)
        wait_until(lambda: not list(tmp_path.iterdir()))


def test_what_was_there_before_the_newest_is_kept(tmp_path: Path) -> None:
    for number in range(1, 5):
        (tmp_path / f"{number}.jpg").write_bytes(picture(number))
        os.utime(tmp_path / f"{number}.jpg", (1_000_000_000 + number,) * 2)
    with watching(tmp_path, "?delete=1") as viewer:
        viewer.sees(4)
        for number in range(5, 9):
            put(tmp_path, f"{number}.jpg", picture(number))
        viewer.has_seen(8)
        wait_until(lambda: listed(tmp_path) == ["1.jpg", "2.jpg", "3.jpg"])


def test_nothing_else_is_deleted_or_followed(tmp_path: Path) -> None:
    folder, secret = tmp_path / "folder", tmp_path / "secret.jpg"
    folder.mkdir()
    secret.write_bytes(picture(12))
    (folder / "link.jpg").symlink_to(secret)
    (folder / "sub.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    (folder / "notes.txt").write_text("keep me")
    (folder / ".hidden.jpg").write_bytes(picture(11))
    before = listed(folder)
    with watching(folder, "?delete=1") as viewer:
        for number in (1, 2, 3):
            put(folder, "image.jpg", picture(number))
            viewer.has_seen(number)
        wait_until(lambda: not (folder / "image.jpg").exists())
        viewer.sees(1, 2, 3)
    assert listed(folder) == before
    assert secret.read_bytes() == picture(12)


# What is wrong


def bomb() -> bytes:
    """A PNG that says it has 60000 x 60000 pixels."""
    data = bytearray(picture(1, "png"))
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    return bytes(data)


BAD = {
    "page.jpg": (b"<html>404 not found</html>", "it is not a JPEG, PNG, GIF or WebP picture"),
    "bomb.png": (bomb(), "it has 60000x60000 pixels; the limit is 4096x2304"),
    "broken.png": (picture(1, "png").replace(b"IDAT", b"jDAT"), "the PNG is damaged"),
}
NOT_COMPLETE = {"cut.jpg": picture(1)[:-9], "empty.gif": b""}


@pytest.mark.parametrize("options", ["", "?fps=20"])
def test_bad_files_are_told_of_once_and_passed_over(options: str, tmp_path: Path) -> None:
    put(tmp_path, "0.jpg", picture(1))
    with complaining(tmp_path, options) as complaints:
        viewer = complaints.viewer
        viewer.has_seen(1)
        for number, (name, (data, text)) in enumerate(BAD.items(), 2):
            put(tmp_path, name, data)
            assert complaints.next() == f"{tmp_path}/{name}: {text}"
            put(tmp_path, f"{number}.png", picture(number, "png"))
            viewer.has_seen(number)
    assert complaints.rest == ""


def test_what_stays_incomplete_is_told_of_once(tmp_path: Path) -> None:
    for name, data in NOT_COMPLETE.items():
        (tmp_path / name).write_bytes(data)
    with complaining(tmp_path) as complaints:
        told = sorted(complaints.next() for _ in NOT_COMPLETE)
        put(tmp_path, "good.jpg", picture(2))
        complaints.viewer.sees(2)
    assert told == [
        f"{tmp_path}/{name}: it is not complete: its rest is waited for" for name in NOT_COMPLETE
    ]
    assert complaints.rest == ""


def test_what_cannot_be_deleted_is_shown_nevertheless(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", picture(1))
    attribute = ["chattr", "+a", str(tmp_path)]
    if subprocess.run(attribute, capture_output=True, check=False).returncode:
        pytest.skip("this file system has no append-only directories")
    try:
        with complaining(tmp_path, "?fps=20&delete=1") as complaints:
            complaints.viewer.has_seen(1)
            told = complaints.next()
            (tmp_path / "2.jpg").write_bytes(picture(2))
            complaints.viewer.sees(1, 2)
    finally:
        subprocess.run(["chattr", "-a", str(tmp_path)], check=True)
    assert told == (
        f"{tmp_path}/1.jpg: it cannot be deleted (operation not permitted): none is from now on"
    )


def test_the_directory_may_come_later_and_go(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    with watching(folder) as viewer:
        state = viewer.worker.wait_for_state("offline")
        assert (state.text, state.final) == (f"{folder}: there is no such directory", False)
        folder.mkdir()
        viewer.worker.wait_for_state("connecting", text="there is no picture and no segment")
        put(folder, "1.jpg", picture(1))
        viewer.has_seen(1)
        (folder / "1.jpg").unlink()
        folder.rmdir()
        seen_so_far = len(viewer.worker.messages)
        viewer.worker.wait_for_state("offline", after=seen_so_far, text="no such directory")
        folder.mkdir()
        put(folder, "2.jpg", picture(2))
        viewer.sees(1, 2)


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with running(f"dir:{file}") as worker:
        assert worker.wait_for_state("offline").text == f"{file}: it is not a directory"


# Segments

X264 = ("-c:v", "libx264", "-g", "10", "-tune", "zerolatency")
SEGMENTS = [
    ("mpg", ("-c:v", "mpeg1video", "-g", "10", "-q:v", "2", "-bf", "0"), False),
    ("ts", (*X264, "-c:a", "aac"), True),
    ("ts", ("-c:v", "libx264", "-g", "10", "-bf", "2", "-c:a", "aac"), True),
    ("mp4", (*X264, "-reset_timestamps", "1"), False),
    ("webm", ("-c:v", "libvpx", "-g", "10", "-b:v", "1M", "-deadline", "realtime"), False),
]


@pytest.mark.parametrize(
    ("suffix", "codecs", "sound"), SEGMENTS, ids=["mpg", "ts", "b-frames", "mp4", "webm"]
)
def test_segments_are_one_film(
    suffix: str, codecs: tuple[str, ...], sound: bool, tmp_path: Path
) -> None:
    film = ["-re", *ramp(count=1000), *(["-re", *tone(40)] if sound else [])]
    output = ["-f", "segment", "-segment_time", "0.8", str(tmp_path / f"part%03d.{suffix}")]
    with running(f"dir:{tmp_path}?delete=1") as worker:
        number = worker.subscribe(H264)
        with ffmpeg(*film, *codecs, *output):
            (run,) = worker.collect(number, 3.0)
            left = listed(tmp_path)
    shown = numbers(run.mp4(), SIZE)
    late = [
        step - (after - before) % COUNT / 25
        for (before, after), step in zip(pairwise(shown), steps(run, "video"), strict=True)
    ]
    # A busy machine may leave one out, but each has its time, unless the writer itself halts.
    assert min(late) > -0.05
    assert sum(each > 0.05 for each in late) <= 1, late
    assert len(shown) > 50
    # Where the worker was there late, it began with the second.
    assert f"part001.{suffix}" not in left, "what was played is deleted"
    if sound:
        assert max(steps(run, "audio")) < 1.5 * min(steps(run, "audio"))


def test_begins_with_the_newest_segment_that_is_surely_complete(tmp_path: Path) -> None:
    """The last one may still be written, by another machine with another clock."""
    film = [*ramp(count=COUNT * 4), *X264, "-g", "15", "-force_key_frames", "expr:eq(mod(n,15),0)"]
    output = ["-f", "segment", "-segment_time", "0.6", str(tmp_path / "seg-%d.ts")]
    subprocess.run(["ffmpeg", "-v", "error", *film, *output], check=True)
    assert len(listed(tmp_path)) == 4
    for path in tmp_path.iterdir():
        os.utime(path, (1_000_000_000,) * 2)
    lengths = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    with running(f"dir:{tmp_path}?delete=1") as worker:
        worker.subscribe(H264)
        wait_until(lambda: not (tmp_path / "seg-3.ts").exists())
    del lengths["seg-2.ts"], lengths["seg-3.ts"]
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == lengths


def segment(size: str = "160x120") -> bytes:
    """Of 0.8 s."""
    command = ["ffmpeg", "-v", "error", *ramp(size, count=20), *X264, "-f", "mpegts", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_a_segment_of_another_size_goes_on(tmp_path: Path) -> None:
    first, second = (segment(size) for size in ("160x120", "320x240"))
    put(tmp_path, "a.ts", first)
    with running(f"dir:{tmp_path}") as worker:
        number = worker.subscribe(H264)
        worker.wait_for_state("live")
        put(tmp_path, "b.ts", second)
        runs = worker.collect(number, 0.5, epochs=2)
    assert [run.tracks[0].width for run in runs] == [160, 320]
    assert runs[1].packets[0].seconds > runs[0].packets[-1].seconds


def test_a_writer_that_has_died_is_noticed_and_one_that_is_back_too(tmp_path: Path) -> None:
    data = segment()
    put(tmp_path, "1.ts", data)
    with running(f"dir:{tmp_path}") as worker:
        stalled = worker.wait_for_state("stalled")
        assert stalled.text.startswith("no new segment for long")
        # Who comes now sees no old picture as if it were new, but a slate.
        number = worker.subscribe(H264)
        (run,) = worker.collect(number, 1.0)
        assert run.packets[0].seconds > segments.STALLED_SECONDS
        before = len(worker.messages)
        put(tmp_path, "2.ts", data)
        worker.wait_for_state("live", after=before)
        assert len(worker.collect(number, 0.5, epochs=2)[1].packets) > 5


def test_a_broken_segment_is_passed_over(tmp_path: Path) -> None:
    folder, data = tmp_path, segment()
    with complaining(folder) as complaints:
        film = Viewer(complaints.viewer.worker, H264)
        put(folder, "1.ts", data)
        wait_until(lambda: film.runs)
        put(folder, "2.ts", b"<html>404</html>" * 99)
        told = complaints.next()
        put(folder, "3.ts", data)
        wait_until(lambda: sum(len(run.packets) for run in film.runs) > 30)
    assert told.startswith(f"{folder}/2.ts: not a ")
