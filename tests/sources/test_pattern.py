"""The test pattern: every picture tells its number, and none waits in an encoder."""

import io
from itertools import pairwise

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from televise.model.rendition import Rendition
from televise.testing import read_barcode
from tests.media.rig import H264, JPEG, Run, play, running, steps

SMALL = "pattern:?size=320x240&fps=25"


def stamps(run: Run) -> list[int]:
    """The frame number in each picture."""
    return [read_barcode(picture).number for picture in pictures(run)]


def pictures(run: Run) -> list[NDArray[np.uint8]]:
    video = run.track("video")
    data = [packet.data for packet in run.of("video")]
    if video.codec == "mjpeg":
        return [_jpeg(each) for each in data]
    with av.open(io.BytesIO(run.mp4()), "r") as container:
        frames = container.decode(video=0)
        return [np.asarray(frame.to_ndarray(format="gray"), np.uint8) for frame in frames]


def _jpeg(data: bytes) -> NDArray[np.uint8]:
    with av.open(io.BytesIO(data), "r") as container:
        return np.asarray(next(container.decode(video=0)).to_ndarray(format="gray"), np.uint8)


@pytest.mark.parametrize(
    "rendition", [H264, JPEG, Rendition("h264", w=640), Rendition("mjpeg", q=9)]
)
def test_numbers_advance_at_the_rate_of_the_source(rendition: Rendition) -> None:
    (run,), announced = play(SMALL, 1.5, rendition)
    assert announced["video"].reason == "the source gives raw pictures"
    numbers = stamps(run)
    assert len(numbers) == len(run.of("video")) > 20
    # A machine that is busy may leave pictures out; time goes on at the same pace.
    for (before, after), step in zip(pairwise(numbers), steps(run, "video"), strict=True):
        assert step == pytest.approx((after - before) / 25, abs=0.001)
        assert after > before


@pytest.mark.parametrize("fps", [10, 60])
def test_as_many_pictures_a_second_as_asked_for(fps: int) -> None:
    (run,), _ = play(f"pattern:?size=160x120&fps={fps}", 1.0)
    ratios = [step * fps for step in steps(run, "video")]
    assert min(ratios) == pytest.approx(1, abs=0.01)
    assert ratios == pytest.approx([round(ratio) for ratio in ratios], abs=0.01)


def test_the_tone_never_stops() -> None:
    (run,), announced = play(f"{SMALL}&tone=440", 2.0)
    assert announced["audio"].reason == "the source gives raw sound"
    assert steps(run, "audio") == pytest.approx([1024 / 48_000] * (len(run.of("audio")) - 1))
    with av.open(io.BytesIO(run.mp4()), "r") as container:
        blocks = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    sound = np.concatenate(blocks)[9600:81600]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert spectrum.argmax() * 48_000 / len(sound) == pytest.approx(440, abs=2)
    first, last = run.seconds("audio")[0], run.seconds("audio")[-1]
    assert first == pytest.approx(run.seconds("video")[0], abs=0.1)
    assert last == pytest.approx(run.seconds("video")[-1], abs=0.15)


def test_no_sound_without_a_tone() -> None:
    (run,), announced = play(SMALL, 0.1)
    assert [track.kind for track in run.tracks] == ["video"] == list(announced)


def test_each_picture_leaves_before_the_next_is_painted() -> None:
    """Its stamp is made as it is painted; that of the packet must be the same picture's."""
    (run,), _ = play(SMALL, 1.0)
    for packet, picture in zip(run.of("video"), pictures(run), strict=True):
        painted = read_barcode(picture).milliseconds
        captured = packet.captured // 1_000_000 % 86_400_000
        assert 0 <= (captured - painted) % 86_400_000 < 40


def test_a_keyframe_every_two_seconds_and_one_at_once_for_who_joins() -> None:
    with running(SMALL) as worker:
        number = worker.subscribe(H264)
        (run,) = worker.collect(number, 2.2)
        late = worker.subscribe(Rendition("h264", "aac", bitrate=200_000))
        (joined,) = worker.collect(late, 0.0)
    keys = [packet.seconds for packet in run.packets if packet.keyframe]
    assert [later - earlier for earlier, later in pairwise(keys)] == pytest.approx([2.0], abs=0.05)
    assert joined.packets[0].keyframe
