"""Source to viewer through the real server, with ffmpeg and ourselves as the viewers."""

import io
import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from televise.testing import read_barcode
from tests.conftest import Needs
from tests.media.films import COUNT, check_plays, make, numbers, ramp, tone
from tests.media.rig import H264, JPEG, running
from tests.support.process import Running, televise

PATTERN = "cam=pattern:?size=320x240&fps=25&tone=440"


@pytest.fixture
def film(tmp_path: Path, needs: Needs) -> Path:
    needs("ffmpeg")
    codecs = ["-c:v", "libx264", "-g", "10", "-bf", "2", "-c:a", "libmp3lame"]
    return make(tmp_path / "film.mkv", *ramp(), *tone(), *codecs)


@pytest.fixture
def server(film: Path, tmp_path: Path) -> Iterator[Running]:
    with televise(PATTERN, str(film), log=tmp_path / "log") as running_server:
        yield running_server


def url(server: Running, path: str) -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def dump(server: Running, path: str, seconds: float) -> bytes:
    """What ffmpeg takes from an endless answer, without a change."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", url(server, path), "-t", str(seconds),
               "-c", "copy", "-f", "mp4", "-movflags", "frag_keyframe+empty_moov", "-"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def read(server: Running, path: str, until: Callable[[bytes], bool]) -> bytes:
    """The beginning of an endless answer."""
    data = b""
    with urllib.request.urlopen(url(server, path), timeout=30) as answer:
        while not until(data):
            data += answer.read1(65536)
    return data


def api(server: Running) -> dict[str, Any]:
    with urllib.request.urlopen(url(server, "/api/channels"), timeout=30) as answer:
        channels = json.load(answer)["channels"]
    return {channel["name"]: channel for channel in channels}


def test_a_film_that_no_browser_could_play(server: Running) -> None:
    data = read(server, "/film.mp4", lambda data: data.count(b"moof") > 120)
    data = data[: data.rindex(b"moof") - 4]
    check_plays(data)
    shown = numbers(data, (160, 120))
    assert all(0 < (after - before) % COUNT < 8 for before, after in pairwise(shown))
    assert len(shown) > COUNT
    tracks = {track["kind"]: track for track in api(server)["film"]["tracks"]}
    assert tracks["video"]["reason"] == "it has B-frames, which would delay the picture"
    assert tracks["audio"]["reason"] == "browsers cannot take mp3"


def test_ffmpeg_takes_the_pattern(server: Running) -> None:
    data = dump(server, "/cam.mp4", 1.5)
    check_plays(data)
    with av.open(io.BytesIO(data), "r") as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    found = [read_barcode(np.asarray(frame, np.uint8)).number for frame in frames]
    assert len(found) > 20
    assert found == sorted(set(found))


@pytest.mark.parametrize("path", ["/cam.mp4", "/cam.mjpg", "/cam.mjpg?w=640&fps=10"])
def test_one_server_is_the_source_of_another(server: Running, path: str) -> None:
    with running(url(server, path)) as worker:
        number = worker.subscribe(JPEG)
        run = worker.collect(number, 1.0)[-1]
        announced = worker.announced()
    pictures = []
    for packet in run.packets:
        with av.open(io.BytesIO(packet.data), "r") as container:
            pictures.append(next(container.decode(video=0)).to_ndarray(format="gray"))
    found = [read_barcode(np.asarray(picture, np.uint8)).number for picture in pictures]
    assert found == sorted(set(found))
    is_jpeg = path.startswith("/cam.mjpg")
    assert run.tracks[0].delivery == ("passthrough" if is_jpeg else "transcode")
    assert announced["video"].codec == ("mjpeg" if is_jpeg else "h264")
    assert run.tracks[0].width == (640 if "640" in path else 320)


def test_sound_comes_through_two_servers_untouched(server: Running) -> None:
    with running(url(server, "/cam.mp4")) as worker:
        run = worker.collect(worker.subscribe(H264), 1.0)[-1]
    assert {track.delivery for track in run.tracks} == {"passthrough"}
    assert [track.kind for track in run.tracks] == ["video", "audio"]
    check_plays(run.mp4())
