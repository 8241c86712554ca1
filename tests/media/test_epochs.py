"""Sources that change while they run: what comes out goes on, in a new epoch where it must."""

import random
from itertools import pairwise
from pathlib import Path

import pytest

from televise.link.messages import Damaged, Refused
from televise.model.rendition import Rendition
from tests.conftest import Needs
from tests.formats.witness import ffprobe
from tests.media.films import COUNT, RATE, SECONDS, check_plays, make, moving, numbers, ramp, tone
from tests.media.packets import TS_PACKET, begins_picture
from tests.media.rig import H264, JPEG, Run, fed, skews, steps

NO_B = ("-c:v", "libx264", "-g", "5", "-tune", "zerolatency")
WITH_B = ("-c:v", "libx264", "-g", "50", "-bf", "2")
AAC = ("-c:a", "aac")


@pytest.fixture(autouse=True)
def _programs(needs: Needs) -> None:
    needs("ffmpeg")
    needs("ffprobe")


def part(
    folder: Path, begin: float, *arguments: str, seconds: float = SECONDS
) -> tuple[bytes, float]:
    """A piece of MPEG-TS whose time begins at ``begin``, and in how many seconds it comes."""
    offset = ["-output_ts_offset", str(begin), "-muxdelay", "0"]
    return make(folder / "part.ts", *arguments, *offset).read_bytes(), seconds


def check(runs: list[Run]) -> None:
    """Each epoch plays by itself, and time only ever goes on."""
    for run in runs:
        assert run.packets[0].keyframe
        check_plays(run.mp4())
        for kind in {track.kind for track in run.tracks}:
            assert min(steps(run, kind), default=1.0) > 0
            dts = [packet.dts for packet in run.of(kind)]
            assert dts == sorted(set(dts))
    for before, after in pairwise(runs):
        assert after.epoch == before.epoch + 1
        assert after.of("video")[0].dts > before.of("video")[-1].dts


def check_in_step(run: Run) -> None:
    """Time goes on by as much as the film does; a busy machine may leave pictures out."""
    shown = numbers(run.mp4(), (160, 120))
    for (before, after), step in zip(pairwise(shown), steps(run, "video"), strict=True):
        assert after != before
        error = (step * RATE - (after - before)) % COUNT
        assert min(error, COUNT - error) < 2.5


def story(runs: list[Run]) -> list[str]:
    """Of each epoch: what it had, and from when to when."""
    told = []
    for run in runs:
        for index, track in enumerate(run.tracks):
            seconds = [each.seconds for each in run.packets if each.track == index]
            between = f"{seconds[0]:.3f} to {seconds[-1]:.3f}" if seconds else "never"
            told.append(
                f"epoch {run.epoch}: {track.kind} {track.codec}, {between} s, {len(seconds)}"
            )
    return told


@pytest.mark.parametrize(
    ("rendition", "sizes"),
    [
        (H264, [(160, 120), (96, 64)]),
        (JPEG, [(160, 120), (96, 64)]),
        (Rendition("h264", w=80), [(80, 60), (80, 52)]),
    ],
    ids=["passthrough", "jpeg", "scaled"],
)
def test_another_size(rendition: Rendition, sizes: list[tuple[int, int]], tmp_path: Path) -> None:
    first = part(tmp_path, 0, *moving("160x120", seconds=1.6), *NO_B, seconds=1.6)
    second = part(tmp_path, 1.6, *moving("96x64", seconds=1.6), *NO_B, seconds=1.6)
    with fed(first, second) as worker:
        runs = worker.collect(worker.subscribe(rendition), 0.3, epochs=2)[-2:]
        announced = worker.announced()["video"]
    assert (announced.width, announced.height) == (96, 64)
    assert [(run.tracks[0].width, run.tracks[0].height) for run in runs] == sizes
    if rendition.video == "h264":
        check(runs)
        for run, size in zip(runs, sizes, strict=True):
            (stream,) = ffprobe(run.mp4(), "-show_streams", "-i")["streams"]
            assert (stream["width"], stream["height"]) == size


def test_other_parameter_sets(tmp_path: Path) -> None:
    first = part(tmp_path, 0, *ramp(count=40), *NO_B, "-profile:v", "baseline", seconds=1.6)
    second = part(tmp_path, 1.6, *ramp(), *NO_B, "-profile:v", "high")
    with fed(first, second) as worker:
        runs = worker.collect(worker.subscribe(H264), 0.3, epochs=2)
    profiles = [run.tracks[0].config[1] for run in runs]
    assert profiles == [66, 100]
    assert {run.tracks[0].delivery for run in runs} == {"passthrough"}
    check(runs)


def test_b_frames_that_come_later(tmp_path: Path) -> None:
    first = part(tmp_path, 0, *ramp(count=40), *NO_B, seconds=1.6)
    second = part(tmp_path, 1.6, *ramp(count=60), *WITH_B, seconds=2.4)
    with fed(first, second) as worker:
        number, other = worker.subscribe(H264), worker.subscribe(JPEG)
        runs = worker.collect(number, 1.2, epochs=2)
        announced = worker.announced()["video"]
        assert worker.runs(other)[-1].tracks[0].reason == "JPEG pictures were asked for"
    reason = "it has B-frames, which would delay the picture"
    assert (announced.delivery, announced.reason) == ("transcode", reason)
    assert runs[0].tracks[0].delivery == "passthrough"
    assert (runs[-1].tracks[0].delivery, runs[-1].tracks[0].reason) == ("transcode", reason)
    check(runs)
    check_in_step(runs[-1])


WRAP = 2**33 / 90_000


JUMPS = {"far": 3600.0, "back": 100.0, "gap": 100 + SECONDS + 3, "wrap": WRAP - 0.1}


@pytest.mark.parametrize(
    ("video", "second"),
    [
        *(pytest.param("passthrough", second, id=name) for name, second in JUMPS.items()),
        pytest.param("transcode", JUMPS["far"], id="far-transcoded"),
        pytest.param("transcode", JUMPS["back"], id="back-transcoded"),
    ],
)
def test_a_jump_in_time(video: str, second: float, tmp_path: Path) -> None:
    """Two times the same film, then three times at another time."""
    codec = NO_B if video == "passthrough" else ("-c:v", "libx264", "-g", "5", "-bf", "2")
    again = (second + number * SECONDS for number in range(3))
    begins = [100.0, 100.0 + SECONDS, *again]
    film = [*ramp(), *tone(), *codec, *AAC]
    with fed(*(part(tmp_path, begin, *film) for begin in begins)) as worker:
        runs = worker.collect(worker.subscribe(H264), 3.2 * SECONDS)
    assert len(runs) == 1, story(runs)
    (run,) = runs
    assert run.track("video").delivery == video
    check(runs)
    assert max(steps(run, "audio")) < 0.1
    if video == "passthrough":
        assert max(steps(run, "video")) < 0.1
        found = skews(run)
        assert len(found) >= 3
        assert max(found) - min(found) < 0.05
    else:
        # What is still in the decoder when time jumps belongs to the time before.
        check_in_step(run)


def test_sound_that_ends_is_dropped(tmp_path: Path) -> None:
    film = part(tmp_path, 0, *ramp(count=100), *tone(1.0), *NO_B, *AAC, seconds=4)
    with fed(film) as worker:
        runs = worker.collect(worker.subscribe(H264), 0.5, epochs=2)
    before, after = runs[-2:]
    assert [[track.kind for track in run.tracks] for run in runs] == [["video", "audio"], ["video"]]
    silence = after.seconds("video")[0] - before.seconds("audio")[-1]
    assert 1.5 < silence < 1.5 + 5 / RATE + 0.1
    check(runs)


def test_sound_that_comes_late_joins(tmp_path: Path) -> None:
    late = ["-itsoffset", "2.4", *tone(2.0)]
    film = part(tmp_path, 0, *ramp(count=100), *late, *NO_B, *AAC, seconds=4)
    with fed(film) as worker:
        number = worker.subscribe(H264)
        worker.wait_for(lambda: any("audio" in str(run.tracks) for run in worker.runs(number)))
        runs = worker.collect(number, 0.5)
    assert [track.kind for track in runs[-1].tracks] == ["video", "audio"]
    check(runs)


HEVC = ("-c:v", "libx265", "-x265-params", "log-level=none:keyint=10:bframes=0", "-pix_fmt",
        "yuv420p")  # fmt: skip
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2", "-g", "5")


@pytest.mark.parametrize(
    ("codecs", "deliveries"),
    [
        ((NO_B, HEVC), ("passthrough", "transcode")),
        ((HEVC, NO_B), ("transcode", "passthrough")),
        ((NO_B, MPEG2), ("passthrough", "transcode")),
    ],
    ids=["h264-hevc", "hevc-h264", "h264-mpeg2"],
)
def test_another_codec(
    codecs: tuple[tuple[str, ...], ...], deliveries: tuple[str, ...], tmp_path: Path
) -> None:
    first = part(tmp_path, 0, *ramp(count=40), *tone(1.6), *codecs[0], *AAC, seconds=1.6)
    second = part(tmp_path, 1.6, *ramp(count=60), *tone(2.4), *codecs[1], *AAC, seconds=2.4)
    with fed(first, second) as worker:
        runs = worker.collect(worker.subscribe(H264), 0.5, epochs=2)
    assert [run.track("video").delivery for run in (runs[0], runs[-1])] == list(deliveries)
    check(runs)
    last = runs[-1]
    check_in_step(last)
    assert max(steps(last, "audio")) < 0.1


def test_a_track_that_is_added_later(tmp_path: Path) -> None:
    """The program's table names sound that was not there when the stream was opened."""
    first = part(tmp_path, 0, *ramp(count=60), *NO_B, seconds=2.4)
    second = part(tmp_path, 2.4, *ramp(count=60), *tone(2.4), *NO_B, *AAC, seconds=2.4)
    with fed(first, second) as worker:
        runs = worker.collect(worker.subscribe(H264), 0.5, epochs=2)
        assert set(worker.announced()) == {"video", "audio"}
    assert [[track.kind for track in run.tracks] for run in (runs[0], runs[-1])] == [
        ["video"],
        ["video", "audio"],
    ]
    check(runs)
    last = runs[-1]
    assert abs(last.seconds("video")[0] - last.seconds("audio")[0]) < 0.1
    assert max(steps(last, "video")) < 0.1


def test_pictures_that_go_away_and_come_back(tmp_path: Path) -> None:
    """Who gets nothing else waits for them; who gets sound has it meanwhile."""
    both = part(tmp_path, 0, *ramp(count=40), *tone(1.6), *NO_B, *AAC, seconds=1.6)
    sound = part(tmp_path, 1.6, *tone(1.6), *AAC, seconds=1.6)
    again = part(tmp_path, 3.2, *ramp(count=40), *tone(1.6), *NO_B, *AAC, seconds=1.6)
    with fed(both, sound, again) as worker:
        silent, whole = worker.subscribe(JPEG), worker.subscribe(H264)
        worker.collect(whole, 0.5, epochs=3)
        runs = worker.runs(whole)
        worker.wait_for(lambda: len(worker.runs(silent)) > 1 and worker.runs(silent)[-1].packets)
        assert not any(isinstance(message, Refused) for message in worker.messages)
    kinds = [[track.kind for track in run.tracks] for run in runs[:3]]
    assert kinds == [["video", "audio"], ["audio"], ["video", "audio"]]


def test_lost_packets(tmp_path: Path) -> None:
    """Two of a hundred are lost; what is shown is whole, and what is left out is counted."""
    keyframes = ["-g", "10", "-keyint_min", "10"]
    film = *ramp(count=60), *tone(2.4), *NO_B, *keyframes, *AAC
    data, seconds = part(tmp_path, 0, *film, seconds=2.4)
    chance = random.Random(1)
    packets = [data[start : start + TS_PACKET] for start in range(0, len(data), TS_PACKET)]
    # Whether the first picture is whole, nobody can know, nor of the first sound that lacks
    # something: a picture lacks something before it.
    lost = next(place for place in range(30, len(packets)) if begins_picture(packets[place]))
    rest = [packet for packet in packets[lost + 1 :] if chance.random() > 0.02]
    kept = [*packets[:lost], *rest]
    assert len(packets) - len(kept) > 5
    second = part(tmp_path, 2.4, *film, seconds=2.4)
    with fed((b"".join(kept), seconds), second) as worker:
        runs = worker.collect(worker.subscribe(H264), 4.5)
        told = [message.count for message in worker.messages if isinstance(message, Damaged)]
    assert sum(told) > 5
    assert len(runs) == 1, story(runs)
    (run,) = runs
    assert max(steps(run, "video")) < 1.0
    assert max(steps(run, "audio")) < 0.5
    assert 60 < len(run.of("video")) < 115
    check(runs)
    check_in_step(run)


def wrapping(film: bytes, offset: int) -> bytes:
    """An FLV film whose times, of 32 bits, begin so many milliseconds later (FLV spec E.4.1)."""
    moved, position = bytearray(film), 13
    while position < len(moved):
        low, high = moved[position + 4 : position + 7], moved[position + 7]
        time = (int.from_bytes(low, "big") | high << 24) + offset & 0xFFFF_FFFF
        moved[position + 4 : position + 7] = (time & 0xFF_FFFF).to_bytes(3, "big")
        moved[position + 7] = time >> 24
        position += 15 + int.from_bytes(moved[position + 1 : position + 4], "big")
    return bytes(moved)


@pytest.mark.parametrize("wrap", [1 << 32, 1 << 31, 1 << 24])
def test_times_of_rtmp_wrap(wrap: int, tmp_path: Path) -> None:
    film = make(tmp_path / "film.flv", *ramp(count=100), *tone(4.0), *NO_B, *AAC).read_bytes()
    with fed((wrapping(film, wrap - 2000), 4.0)) as worker:
        runs = worker.collect(worker.subscribe(H264), 2.2)
    assert len(runs) == 1, story(runs)
    (run,) = runs
    check(runs)
    assert max(steps(run, "video")) < 0.1
    assert max(steps(run, "audio")) < 0.1
    found = skews(run)
    assert len(found) >= 1
    assert max(found) - min(found) < 0.05


def test_a_text_that_comes_later_is_no_end(tmp_path: Path) -> None:
    """An FLV that says anew what it is: FFmpeg makes that another stream."""
    film = make(tmp_path / "film.flv", *ramp(), *tone(), *NO_B, *AAC).read_bytes()
    text = b"\x02\0\x0aonTextData\x08\0\0\0\1\0\4text\x02\0\2hi\0\0\x09"
    tag = b"\x12" + len(text).to_bytes(3, "big") + bytes(7) + text
    later = tag + (len(text) + 11).to_bytes(4, "big") + wrapping(film, round(SECONDS * 1000))[13:]
    with fed((film, SECONDS), (later, SECONDS)) as worker:
        number = worker.subscribe(H264)
        worker.wait_for_state("offline")
        runs = worker.runs(number)
    # Who subscribes late, on a busy machine, begins at the second or third keyframe.
    assert COUNT < len(runs[0].of("video")) <= 2 * COUNT


def test_joins_a_stream_long_before_its_next_keyframe(tmp_path: Path) -> None:
    data, seconds = part(
        tmp_path,
        0,
        *ramp(count=100),
        *NO_B[:2],
        "-g",
        "80",
        *NO_B[4:],
        "-sc_threshold",
        "0",
        seconds=4,
    )
    keys = [at for at in range(0, len(data), 188) if data[at + 1] & 0x40 and b"\0\0\1\x67" in
            data[at : at + 188]]  # fmt: skip
    assert len(keys) == 2, "there must be a keyframe at the start and one at 3.2 s"
    tables = data[: keys[0]]
    with fed((tables + data[keys[0] + 188 * 30 :], seconds)) as worker:
        number = worker.subscribe(H264)
        runs = worker.collect(number, 0.3)
        assert (worker.announced()["video"].width, runs[0].tracks[0].width) == (160, 160)
    assert runs[0].tracks[0].delivery == "passthrough"
    check(runs)
