"""Media piped into standard input."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from televise.model.rendition import Rendition
from tests.conftest import Needs
from tests.media.films import COUNT, RATE, SECONDS, make, numbers, ramp, tone
from tests.media.rig import H264, JPEG, Worker, running, steps

NO_B = ("-c:v", "libx264", "-g", "10", "-tune", "zerolatency")


@pytest.fixture(autouse=True)
def _programs(needs: Needs) -> None:
    needs("ffmpeg")


@contextmanager
def piped(*arguments: str) -> Iterator[Worker]:
    """A worker whose standard input is what ffmpeg writes, at the speed at which it plays."""
    command = ["ffmpeg", "-v", "error", "-nostdin", *arguments, "-flush_packets", "1", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as source:
        assert source.stdout is not None
        try:
            with running("-", source.stdout.fileno()) as worker:
                source.stdout.close()
                yield worker
        finally:
            source.kill()


def live(count: int = 1000) -> list[str]:
    return ["-re", *ramp(count=count), "-re", *tone(count / RATE)]


MUXERS = [
    ("mpegts", (*NO_B, "-c:a", "aac"), H264, "passthrough"),
    ("mp4", (*NO_B, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"), H264, "passthrough"),
    ("matroska", (*NO_B, "-c:a", "libopus"), H264, "passthrough"),
    ("mjpeg", ("-an", "-c:v", "mjpeg", "-q:v", "2"), JPEG, "passthrough"),
    ("mpjpeg", ("-an", "-c:v", "mjpeg", "-q:v", "2"), JPEG, "passthrough"),
    ("h264", ("-an", *NO_B), H264, "passthrough"),
    ("nut", ("-an", "-c:v", "rawvideo"), H264, "transcode"),
]


@pytest.mark.parametrize(
    ("muxer", "arguments", "rendition", "delivery"), MUXERS, ids=[row[0] for row in MUXERS]
)
def test_plays_what_is_piped_in(
    muxer: str, arguments: tuple[str, ...], rendition: Rendition, delivery: str
) -> None:
    with piped(*live(), *arguments, "-f", muxer) as worker:
        number = worker.subscribe(rendition)
        run = worker.collect(number, 0.7)[-1]
        sound = "audio" in worker.announced()
    assert sound == ("-an" not in arguments)
    assert run.track("video").delivery == delivery
    movie = b"".join(packet.data for packet in run.packets)
    if rendition == H264:
        movie = run.mp4()
    shown = numbers(movie, (160, 120))
    # What had come before it was understood comes at once: of that an encoder takes the newest.
    most = 1 if delivery == "passthrough" else COUNT - 1
    assert all(1 <= (after - before) % COUNT <= most for before, after in pairwise(shown))
    assert len(shown) > 5
    assert min(steps(run, "video")) > 0


@pytest.mark.parametrize("muxer", ["mpegts", "mpjpeg", "matroska"])
def test_the_end_is_final(muxer: str) -> None:
    codec = ["-c:v", "mjpeg"] if muxer == "mpjpeg" else NO_B
    with piped(*live(10)[:5], *codec, "-f", muxer) as worker:
        state = worker.wait_for_state("offline", final=True)
        assert state.text == "standard input has ended"
        assert worker.process.poll() is None


@pytest.mark.parametrize(("data", "text"), [(b"", " is empty"), (b"rubbish\n" * 9999, ": not a")])
def test_rubbish_is_final(data: bytes, text: str) -> None:
    ours, theirs = os.pipe()
    with running("-", ours) as worker:
        os.close(ours)
        with os.fdopen(theirs, "wb") as pipe:
            pipe.write(data)
        state = worker.wait_for_state("offline", final=True)
    assert state.text.startswith(f"standard input{text}")


def test_a_film_in_a_file_is_paced(tmp_path: Path) -> None:
    """``televise - < film.mp4``, whose index is at the end."""
    film = make(tmp_path / "film.mp4", *ramp(count=COUNT * 12), *NO_B)
    with film.open("rb") as stdin, running("-", stdin.fileno()) as worker:
        number = worker.subscribe(H264)
        worker.collect(number, 1.9)
        assert worker.process.poll() is None
        assert not [s for s in worker.messages if getattr(s, "final", False)], "it is not over"
        state = worker.wait_for_state("offline", final=True)
        (run,) = worker.runs(number)
    assert state.text == "standard input has ended"
    # It may be ahead of its time by two seconds, and a viewer who comes late misses these.
    seconds = run.seconds("video")[-1] - run.seconds("video")[0]
    assert seconds > 11 * SECONDS - 2.2
    arrivals = [packet.captured for packet in run.packets]
    assert (arrivals[-1] - arrivals[0]) / 1e9 > seconds - 2.2


def test_comes_picture_by_picture() -> None:
    """Small pictures come out although they do not fill any buffer."""
    with piped(*live(100), *NO_B, "-an", "-f", "mpegts") as worker:
        (run,) = worker.collect(worker.subscribe(H264), 2.5)
    assert max(len(packet.data) for packet in run.packets) < 4000
    arrivals = [packet.captured / 1e9 for packet in run.packets[-30:]]
    waits = sorted(later - earlier for earlier, later in pairwise(arrivals))
    # From a buffer of 32 KB they would come ten at a time.
    assert waits[len(waits) // 2] > 0.01
