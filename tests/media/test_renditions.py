"""The encodings that viewers ask for: size, rate, quality, bitrate; several at once."""

import io
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from televise.link.messages import Refused
from televise.model.rendition import Rendition
from tests.conftest import Needs
from tests.formats.witness import ffprobe
from tests.media.films import check_plays, make, moving, ramp, tone
from tests.media.rig import H264, JPEG, Run, play, running, steps

PATTERN = "pattern:?size=640x360&fps=30&tone=440"
NO_B = ("-c:v", "libx264", "-g", "50", "-bf", "0")


def size_of(run: Run) -> tuple[int, int]:
    """As a decoder sees it, which must be what the track says."""
    track = run.track("video")
    if track.codec == "mjpeg":
        shown = Image.open(io.BytesIO(run.packets[0].data)).size
    else:
        streams = ffprobe(run.mp4(), "-select_streams", "v", "-show_streams", "-i")["streams"]
        shown = streams[0]["width"], streams[0]["height"]
    assert shown == (track.width, track.height)
    return shown


@pytest.mark.parametrize("video", ["h264", "mjpeg"])
@pytest.mark.parametrize(
    ("wish", "size"),
    [({"w": 320}, (320, 180)), ({"h": 90}, (160, 90)), ({"w": 100, "h": 100}, (100, 100)),
     ({"w": 162}, (162, 90))],
    ids=str,
)  # fmt: skip
def test_sizes(video: str, wish: dict[str, int], size: tuple[int, int], needs: Needs) -> None:
    needs("ffprobe")
    (run,), _ = play(PATTERN, 0.2, Rendition(video, **wish))  # type: ignore[arg-type]
    assert size_of(run) == size
    assert run.track("video").reason == "another size, rate or quality was asked for"


@pytest.mark.parametrize("video", ["h264", "mjpeg"])
def test_fps_is_a_ceiling(video: str) -> None:
    (run,), _ = play(PATTERN, 2.0, Rendition(video, fps=8))
    times = run.seconds("video")
    assert len(times) <= (times[-1] - times[0]) * 8 + 2
    assert min(steps(run, "video")) > 0.09
    durations = [packet.duration / 90_000 for packet in run.packets]
    assert durations == pytest.approx([1 / 8] * len(durations), abs=0.001)


def test_fps_above_the_source_changes_nothing() -> None:
    (run,), _ = play("pattern:?size=160x120&fps=10", 1.0, Rendition("mjpeg", fps=30))
    assert min(steps(run, "video")) == pytest.approx(0.1, abs=0.001)


def test_quality_changes_the_size() -> None:
    with running(PATTERN) as worker:
        numbers = [worker.subscribe(Rendition("mjpeg", q=q)) for q in (10, 50, 95)]
        runs = [worker.collect(number, 0.2)[0] for number in numbers]
    sizes = [max(len(packet.data) for packet in run.packets) for run in runs]
    assert sizes[0] * 1.5 < sizes[1]
    assert sizes[1] * 1.5 < sizes[2]


@pytest.mark.parametrize("bitrate", [100_000, 400_000])
def test_bitrate_is_near_the_wish(bitrate: int, tmp_path: Path, needs: Needs) -> None:
    needs("ffmpeg")
    noise = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=4,noise=alls=30:allf=t"]
    film = make(tmp_path / "film.mp4", *noise, *NO_B, "-preset", "ultrafast")
    (run,), _ = play(film, 3.2, Rendition("h264", bitrate=bitrate))
    times = run.seconds("video")
    rate = sum(len(packet.data) for packet in run.packets) * 8 / (times[-1] - times[0])
    # The first keyframe is a little more than its share.
    assert 0.5 * bitrate < rate < 1.5 * bitrate


def test_several_at_once_share_the_source() -> None:
    wishes = [H264, JPEG, Rendition("h264", bitrate=300_000), Rendition("mjpeg", w=160, fps=5),
              Rendition("h264", "aac", w=320)]  # fmt: skip
    with running(PATTERN) as worker:
        numbers = [worker.subscribe(wish) for wish in wishes]
        runs = [worker.collect(number, 1.2)[-1] for number in numbers]
    for wish, run in zip(wishes, runs, strict=True):
        assert [track.kind for track in run.tracks] == ["video", "audio"][: 2 if wish.audio else 1]
        assert run.packets[0].keyframe
        times = run.seconds("video")
        assert times == sorted(set(times))
        # Each takes the same pictures: they have the same places in time.
        assert {round(at * 30) for at in times} <= {round(at * 30) for at in range_of(runs)}


def range_of(runs: list[Run]) -> list[float]:
    first = min(run.seconds("video")[0] for run in runs)
    last = max(run.seconds("video")[-1] for run in runs)
    return [first + number / 30 for number in range(round((last - first) * 30) + 1)]


def test_jpeg_of_a_source_passes_through(tmp_path: Path, needs: Needs) -> None:
    needs("ffmpeg")
    # Without its own Huffman tables it is no JPEG that a browser could show.
    film = make(tmp_path / "film.mov", *moving(), "-c:v", "mjpeg", "-huffman", "optimal")
    (run,), announced = play(film, 0.4, JPEG)
    assert run.tracks[0].delivery == "passthrough"
    assert announced["video"].reason.startswith("browsers cannot take mjpeg in MP4")
    picture = Image.open(io.BytesIO(run.packets[0].data))
    picture.load()
    assert picture.size == (160, 120)


def test_jpeg_without_huffman_tables_is_encoded_anew(tmp_path: Path, needs: Needs) -> None:
    needs("ffmpeg")
    film = make(tmp_path / "film.avi", *moving(), "-c:v", "mjpeg", "-huffman", "default")
    tables = b"\xff\xc4" + (0x01A2).to_bytes(2, "big")
    data = film.read_bytes()
    assert data.count(tables) > 5
    bare = tmp_path / "bare.avi"
    # The same length, so that the file still holds: a comment takes the place of the tables.
    bare.write_bytes(data.replace(tables, b"\xff\xfe" + tables[2:]))
    with running(bare) as worker:
        number = worker.subscribe(JPEG)
        worker.wait_for(
            lambda: worker.runs(number)[-1:] and len(worker.runs(number)[-1].packets) > 3
        )
        run = worker.runs(number)[-1]
    assert run.tracks[0].reason == "its JPEG pictures have no Huffman tables"
    picture = Image.open(io.BytesIO(run.packets[-1].data)).convert("RGB")
    assert picture.getextrema() != ((0, 0), (0, 0), (0, 0))


@pytest.mark.parametrize("kind", ["passthrough", "transcode"])
def test_who_joins_gets_the_picture_at_once(kind: str, tmp_path: Path, needs: Needs) -> None:
    """The source's only keyframe is two seconds old, and the next one comes two seconds later."""
    needs("ffmpeg")
    sparse = ("-c:v", "libx264", "-g", "100", "-bf", "0", "-sc_threshold", "0", "-c:a", "aac")
    film = make(tmp_path / "film.mp4", *ramp(count=100), *tone(4), *sparse)
    wish = H264 if kind == "passthrough" else Rendition("h264", "aac", w=80)
    with running(film) as worker:
        first = worker.subscribe(H264)
        worker.collect(first, 2.0)
        late = worker.subscribe(wish)
        (joined,) = worker.collect(late, 0.3)
        (run,) = worker.runs(first)
    newest = run.seconds("video")[-1]
    assert joined.packets[0].keyframe
    if kind == "passthrough":
        assert joined.seconds("video")[0] == pytest.approx(run.seconds("video")[0])
        assert joined.of("video")[0].data == run.of("video")[0].data
    else:
        assert newest - 1.0 < joined.seconds("video")[0] <= newest
    assert "audio" in [track.kind for track in joined.tracks]
    check_plays(joined.mp4())


def test_who_leaves_and_comes_back() -> None:
    with running(PATTERN) as worker:
        number = worker.subscribe(JPEG)
        worker.collect(number, 0.2)
        worker.unsubscribe(number)
        other = worker.subscribe(Rendition("mjpeg", w=64))
        worker.collect(other, 0.3)
        count = len(worker.runs(number)[0].packets)
        worker.collect(other, 0.8)
        assert len(worker.runs(number)[0].packets) == count
        again = worker.subscribe(JPEG)
        (run,) = worker.collect(again, 0.2)
    assert all(later.dts > earlier.dts for earlier, later in pairwise(run.packets))


def test_too_wide_a_picture_is_made_smaller(tmp_path: Path, needs: Needs) -> None:
    needs("ffmpeg")
    needs("ffprobe")
    film = make(tmp_path / "film.avi", *moving("6144x96", 10), "-c:v", "mpeg4")
    for wish in (H264, JPEG):
        (run,), _ = play(film, 0.1, wish)
        assert size_of(run) == (4096, 64)


def test_no_picture_to_send(tmp_path: Path, needs: Needs) -> None:
    needs("ffmpeg")
    film = make(tmp_path / "tone.mp3", *tone(1))
    with running(film) as worker:
        worker.subscribe(JPEG)
        worker.wait_for(lambda: any(isinstance(m, Refused) for m in worker.messages))
        refused = next(m for m in worker.messages if isinstance(m, Refused))
    assert refused.text == "the source has no picture"


def test_mpeg1_asked_for_by_its_height_is_no_wider_than_it_can_be() -> None:
    (run,), _ = play(PATTERN, 0.2, Rendition("mpeg1video", h=2304))
    assert (run.track("video").width, run.track("video").height) == (4094, 2304)
