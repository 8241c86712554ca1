"""Every kind of file, played for ever: what comes out plays, and no seam can be seen or heard."""

import io
import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from televise.formats import h264
from televise.model.rendition import Rendition
from televise.model.track import Track
from tests.conftest import Needs
from tests.formats.witness import ffmpeg, ffprobe
from tests.media.films import (
    COUNT,
    RATE,
    SECONDS,
    check_plays,
    make,
    moving,
    numbers,
    ramp,
    rgb,
    tone,
)
from tests.media.rig import H264, JPEG, Run, play, running, skews, steps

X264 = ("-c:v", "libx264", "-g", "10")
NO_B = (*X264, "-bf", "0")
WITH_B = (*X264, "-bf", "2")
AAC = ("-c:a", "aac")


@dataclass(frozen=True)
class Case:
    """A film: its file name, how ffmpeg makes it, and what must become of it."""

    name: str
    arguments: tuple[str, ...]
    delivery: str = "transcode"
    reason: str = ""
    size: tuple[int, int] = (160, 120)
    sound: str = ""

    def __str__(self) -> str:
        return self.name


def _case(
    name: str,
    *arguments: str,
    delivery: str = "transcode",
    reason: str = "",
    size: tuple[int, int] = (160, 120),
    sound: str = "",
    source_size: str = "160x120",
) -> Case:
    inputs = [*ramp(source_size), *(tone() if sound else ())]
    return Case(name, (*inputs, *arguments), delivery, reason, size, sound)


B_FRAMES = "it has B-frames, which would delay the picture"
CASES = [
    _case("plain.mp4", *NO_B, *AAC, delivery="passthrough", sound="passthrough"),
    _case("faststart.mp4", *NO_B, "-movflags", "faststart", delivery="passthrough"),
    _case("fragmented.mp4", *NO_B, "-movflags", "frag_keyframe+empty_moov", delivery="passthrough"),
    _case("baseline.mkv", *NO_B, "-profile:v", "baseline", *AAC, delivery="passthrough",
          sound="passthrough"),
    _case("plain.ts", *NO_B, *AAC, delivery="passthrough", sound="passthrough"),
    _case("plain.flv", *NO_B, *AAC, delivery="passthrough", sound="passthrough"),
    _case("raw.h264", *NO_B, delivery="passthrough"),
    _case("b-frames.mp4", *WITH_B, *AAC, reason=B_FRAMES, sound="passthrough"),
    _case("b-frames.mkv", *WITH_B, *AAC, reason=B_FRAMES, sound="passthrough"),
    _case("b-frames.ts", *WITH_B, reason=B_FRAMES),
    _case("b-frames.h264", *WITH_B, reason=B_FRAMES),
    _case("odd.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv444p", source_size="161x121",
          reason="browsers cannot take ffv1"),
    _case("high10.mp4", *NO_B, "-pix_fmt", "yuv420p10le",
          reason="browsers cannot take yuv420p10le pictures"),
    _case("422.mp4", *NO_B, "-pix_fmt", "yuv422p", reason="browsers cannot take yuv422p pictures"),
    _case("444.mp4", *NO_B, "-pix_fmt", "yuv444p", reason="browsers cannot take yuv444p pictures"),
    _case("main10.mp4", "-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt",
          "yuv420p10le", reason="browsers cannot take hevc"),
    _case("vp9.webm", "-c:v", "libvpx-vp9", "-cpu-used", "8", "-b:v", "500k", "-c:a", "libopus",
          reason="browsers cannot take vp9", sound="browsers cannot take opus"),
    _case("mjpeg.avi", "-c:v", "mjpeg", "-q:v", "2", "-c:a", "pcm_s16le",
          reason="browsers cannot take mjpeg", sound="browsers cannot take pcm_s16le"),
    _case("pictures.mjpeg", "-c:v", "mjpeg", "-q:v", "2", reason="browsers cannot take mjpeg"),
    _case("mpeg2.ts", "-c:v", "mpeg2video", "-q:v", "2", "-c:a", "mp2",
          reason="browsers cannot take mpeg2video", sound="browsers cannot take mp2"),
    _case("xvid.avi", "-c:v", "mpeg4", "-q:v", "2", "-bf", "2",
          reason="browsers cannot take mpeg4"),
    _case("cartoon.gif", reason="browsers cannot take gif"),
    _case("raw.y4m", reason="browsers cannot take rawvideo"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _programs(needs: Needs) -> None:
    needs("ffmpeg")
    needs("ffprobe")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_plays_without_a_seam(case: Case, tmp_path: Path) -> None:
    film = make(tmp_path / case.name, *case.arguments)
    (run,), announced = play(film, 2.2 * COUNT / RATE)
    assert (announced["video"].delivery, run.track("video").delivery) == (case.delivery,) * 2
    if case.reason:
        assert run.track("video").reason == case.reason
        assert announced["video"].reason.startswith(case.reason)
    _check_pictures(run, case.size)
    assert ("audio" in announced) == bool(case.sound)
    if case.sound:
        _check_sound(run, announced["audio"], case.sound)


def _check_pictures(run: Run, size: tuple[int, int]) -> None:
    """They play, and each has its time; pictures may be left out on a busy machine."""
    movie = run.mp4()
    check_plays(movie)
    (stream,) = ffprobe(movie, "-select_streams", "v", "-show_streams", "-i")["streams"]
    assert (stream["width"], stream["height"]) == size
    shown = numbers(movie, size)
    assert len(shown) == len(run.of("video"))
    assert all(packet.duration > 0 for packet in run.of("video"))
    for (before, number), step in zip(pairwise(shown), steps(run, "video"), strict=True):
        missing = (number - before) % COUNT
        assert step == pytest.approx(missing / RATE, abs=0.012)
    assert len(shown) > 1.8 * COUNT
    assert {0, COUNT - 1} < set(shown), "the seam was in it"


def _check_sound(run: Run, announced: Track, expected: str) -> None:
    track = run.track("audio")
    length = 1024 / track.sample_rate
    assert expected == announced.delivery or announced.reason.startswith(expected)
    assert track.delivery == announced.delivery
    for step in steps(run, "audio"):
        assert 0.4 * length < step < length + 0.07
    count = len(run.of("audio"))
    assert count * length == pytest.approx(run.seconds("audio")[-1] - run.seconds("audio")[0], 0.1)


def test_passes_the_pictures_through_untouched(tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", *ramp(), *tone(), *NO_B, *AAC)
    (run,), _ = play(film, 1.5 * SECONDS)
    with av.open(str(film)) as container:
        packets = [(p.stream.type, bytes(p)) for p in container.demux() if p.size]
    for kind, drop in (("video", {6, 7, 8}), ("audio", set())):
        source = [data for type_, data in packets if type_ == kind]
        if kind == "video":
            source = [_without(data, drop) for data in source]
        got = [_without(p.data, drop) if kind == "video" else p.data for p in run.of(kind)]
        first = source.index(got[0])
        assert first <= 1
        count = len(source) - first - 1
        assert got[:count] == source[first : first + count]


def _without(data: bytes, types: set[int]) -> bytes:
    return h264.join_avcc(nal for nal in h264.split_avcc(data) if h264.nal_type(nal) not in types)


def test_a_unit_of_256_bytes_is_no_start_code(tmp_path: Path) -> None:
    """Its length 00 00 01 xx looks like one."""
    noise = "geq=lum=random(1)*255:cb=128:cr=128"
    source = ["-f", "lavfi", "-i", f"color=black:s=64x48:r=25:d=1,{noise}"]
    # Slices of such a size, and nothing before them.
    film = make(tmp_path / "film.mp4", *source, *NO_B, "-x264-params", "slice-max-size=380:info=0")
    with av.open(str(film)) as container:
        data = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    assert sum(each.startswith(b"\0\0\1") for each in data) > 3, "the film must have such units"
    (run,), _ = play(film, 1.0)
    movie = run.mp4()
    check_plays(movie)
    units = [len(h264.split_avcc(packet.data)) for packet in run.of("video")]
    assert units[1:20] == [len(h264.split_avcc(each)) for each in data[1:20]]


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("video", ["h264", "mjpeg"])
def test_turns_pictures_as_ffmpeg_does(degrees: int, video: str, tmp_path: Path) -> None:
    upright = make(tmp_path / "upright.mp4", *moving("160x96"), *NO_B, "-qp", "4")
    turn = ["-metadata:s:v", f"rotate={degrees}"]
    film = make(tmp_path / "turned.mp4", "-i", str(upright), "-c", "copy", *turn)
    size = (160, 96) if degrees == 180 else (96, 160)
    wanted = rgb(film, size).astype(int)
    (run,), announced = play(film, 0.2, Rendition(video))
    assert announced["video"].reason.startswith("it has to be turned by")
    assert (run.tracks[0].width, run.tracks[0].height) == size
    movie = run.mp4() if video == "h264" else run.packets[0].data
    shown = rgb(movie, size).astype(int)
    assert np.abs(shown - wanted).mean() < 8
    others = [np.rot90(wanted, turns) for turns in (1, 2, 3)]
    for other in (each for each in others if each.shape == shown.shape):
        assert np.abs(shown - other).mean() > 20


@pytest.mark.parametrize(("sar", "size"), [("4/3", (212, 120)), ("1/2", (160, 240))])
def test_makes_pixels_square_where_it_encodes(
    sar: str, size: tuple[int, int], tmp_path: Path
) -> None:
    film = make(tmp_path / "film.avi", *moving(), "-vf", f"setsar={sar}", "-c:v", "mpeg4")
    for rendition in (H264, JPEG):
        (run,), _ = play(film, 0.2, rendition)
        assert (run.tracks[0].width, run.tracks[0].height) == size


def test_passes_pixels_on_that_say_that_they_are_not_square(tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", *moving(), "-vf", "setsar=4/3", *NO_B)
    (run,), announced = play(film, 0.2)
    assert announced["video"].delivery == "passthrough"
    (stream,) = ffprobe(run.mp4(), "-show_streams", "-i")["streams"]
    assert stream["sample_aspect_ratio"] == "4:3"


def test_squares_pixels_of_which_only_the_container_speaks(tmp_path: Path) -> None:
    plain = make(tmp_path / "plain.mp4", *moving(), *NO_B)
    film = make(tmp_path / "film.mp4", "-i", str(plain), "-c", "copy", "-aspect", "16:9")
    (run,), announced = play(film, 0.2)
    assert announced["video"].reason == "its pixels are not square"
    assert (run.tracks[0].width, run.tracks[0].height) == (212, 120)


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "one.gif", "50%d.png"])
def test_shows_a_photograph_again_and_again(name: str, tmp_path: Path) -> None:
    (tmp_path / "501.png").write_bytes(b"not this one")
    one = ["-frames:v", "1", "-update", "1"] if name[-3:] != "gif" else ["-frames:v", "1"]
    picture = ["-f", "lavfi", "-i", "testsrc=s=321x241"]
    photo = make(tmp_path / name.replace("%d", "%%d"), *picture, *one)
    if "%" in name:
        photo = photo.rename(tmp_path / name)
    (run,), _ = play(photo, 2.0)
    found = steps(run, "video")
    assert len(found) >= 2
    assert found == pytest.approx([1.0] * len(found), abs=0.001)
    assert {packet.duration for packet in run.packets} == {90_000}
    shown = rgb(run.mp4(), (320, 240)).astype(int)
    wanted = rgb(photo.read_bytes(), (321, 241))[:240, :320].astype(int)
    assert np.abs(shown - wanted).mean() < 12


def test_a_photograph_passes_through_as_jpeg(tmp_path: Path) -> None:
    photo = make(tmp_path / "photo.jpg", *moving(), "-frames:v", "1", "-update", "1")
    (run,), _ = play(photo, 1.0, JPEG)
    assert {packet.data for packet in run.packets} == {photo.read_bytes()}


COLOURS = [
    ("png", ("-pix_fmt", "rgb24", "-frames:v", "1", "-update", "1")),
    ("gif", ("-frames:v", "1")),
    ("jpg", ("-q:v", "1", "-frames:v", "1", "-update", "1")),
    ("mkv", ("-c:v", "libx264", "-qp", "4", "-bf", "2", "-vf", "scale=out_color_matrix=bt709",
             "-colorspace", "bt709", "-color_range", "tv")),
    ("avi", ("-c:v", "mjpeg", "-q:v", "1")),
]  # fmt: skip


@pytest.mark.parametrize(("ending", "arguments"), COLOURS, ids=[name for name, _ in COLOURS])
@pytest.mark.parametrize("rendition", [Rendition("h264", w=128), Rendition("mjpeg", w=128)])
def test_keeps_colours(
    ending: str, arguments: tuple[str, ...], rendition: Rendition, tmp_path: Path
) -> None:
    bars = ["-f", "lavfi", "-i", "color=0xC83C1E:s=128x64:d=0.4:r=25"]
    film = make(tmp_path / f"film.{ending}", *bars, *arguments)
    (run,), _ = play(film, 0.0, rendition)
    movie = run.mp4() if rendition.video == "h264" else run.packets[0].data
    colour = rgb(movie, (128, 64)).mean(axis=(0, 1))
    assert np.abs(colour - np.array([0xC8, 0x3C, 0x1E])).max() < 10


def test_a_pause_in_the_pictures_stays_a_pause(tmp_path: Path) -> None:
    pause = "setpts='(N/25+if(gte(N\\,8)\\,3\\,0))/TB'"
    film = make(tmp_path / "film.mkv", *ramp(), "-vf", pause, "-fps_mode", "vfr", *NO_B)
    (run,), _ = play(film, 3.8)
    found = steps(run, "video")
    assert max(found) == pytest.approx(3.04, abs=0.01)
    assert sum(step > 0.05 for step in found) == 1


def test_sound_that_begins_late_joins(tmp_path: Path) -> None:
    late = ["-itsoffset", "2", *tone(1.5)]
    film = make(tmp_path / "film.mp4", *ramp(count=90), *late, *NO_B, *AAC)
    with running(film) as worker:
        silent, heard = worker.collect(worker.subscribe(H264), 1.0, epochs=3)[1:3]
    assert [track.kind for track in silent.tracks] == ["video"]
    assert [track.kind for track in heard.tracks] == ["video", "audio"]
    assert silent.packets[0].keyframe
    assert heard.packets[0].keyframe
    start = silent.seconds("video")[0]
    first_sound = heard.seconds("audio")[0]
    assert first_sound - start < 1.5
    check_plays(heard.mp4())


SOUNDS = [
    ("tone.mp3", ("-c:a", "libmp3lame"), 44_100, 1, "browsers cannot take mp3"),
    ("tone.wav", (), 22_050, 2, "browsers cannot take pcm_s16le"),
    ("tone.flac", (), 96_000, 6, "browsers cannot take flac"),
    ("tone.ogg", ("-c:a", "libvorbis"), 48_000, 2, "browsers cannot take vorbis"),
    ("tone.aac", AAC, 22_050, 1, ""),
    ("tone.m4a", AAC, 48_000, 6, ""),
    ("tone.ac3", (), 48_000, 6, "browsers cannot take ac3"),
]


@pytest.mark.parametrize(
    ("name", "arguments", "rate", "channels", "reason"), SOUNDS, ids=[row[0] for row in SOUNDS]
)
def test_plays_sound_alone(
    name: str, arguments: tuple[str, ...], rate: int, channels: int, reason: str, tmp_path: Path
) -> None:
    film = make(tmp_path / name, *tone(0.7, rate, channels), *arguments)
    (run,), announced = play(film, 1.6)
    assert set(announced) == {"audio"}
    _check_sound(run, announced["audio"], reason or "passthrough")
    (stream,) = ffprobe(run.mp4(), "-show_streams", "-i")["streams"]
    assert stream["channels"] == (min(channels, 2) if reason else channels)
    pcm = ffmpeg(run.mp4(), "-i", "-", "-ac", "1", "-ar", "48000", "-f", "f32le", "-")
    sound = np.frombuffer(pcm, np.float32)[4800:48000]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    peak = spectrum.argmax() * 48_000 / len(sound)
    assert peak == pytest.approx(440, abs=3)


def test_a_cover_is_no_video(tmp_path: Path) -> None:
    cover = make(tmp_path / "cover.png", *moving(), "-frames:v", "1", "-update", "1")
    music = make(tmp_path / "song.mp3", *tone(1.0), "-i", str(cover), "-map", "0", "-map", "1",
                 "-c:v", "copy", "-disposition:v", "attached_pic")  # fmt: skip
    (_,), announced = play(music, 0.5)
    assert set(announced) == {"audio"}


def test_a_cut_film_plays_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole.mp4", *ramp(), *NO_B, "-movflags", "faststart")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[:-200])
    (run,), _ = play(cut, 2 * SECONDS)
    assert max(steps(run, "video")) < 2.5 / RATE


def test_a_jump_in_a_recording_is_left_out(tmp_path: Path) -> None:
    """Two recordings, one behind the other, an hour apart; then back again."""
    early = make(tmp_path / "early.ts", *ramp(), *tone(), *NO_B, *AAC)
    hour = ["-output_ts_offset", "3600"]
    late = make(tmp_path / "late.ts", *ramp(), *tone(), *NO_B, *AAC, *hour)
    film = tmp_path / "film.ts"
    film.write_bytes(early.read_bytes() + late.read_bytes() + early.read_bytes())
    (run,), _ = play(film, 4.5 * SECONDS)
    assert 0 < min(steps(run, "video")) <= max(steps(run, "video")) < 2.5 / RATE
    check_plays(run.mp4())
    found = skews(run)
    assert len(found) > 3
    assert max(found) - min(found) < 0.05


@pytest.mark.parametrize("tracks", ["passthrough", "transcode"])
def test_sound_stays_with_the_picture_through_all_passes(tracks: str, tmp_path: Path) -> None:
    """A click with the first picture, which alone is dark."""
    click = "aevalsrc=if(lt(t\\,0.04)\\,0.7*sin(2000*t)\\,0):s=48000:d=0.6"
    codecs = [*NO_B, *AAC] if tracks == "passthrough" else [*WITH_B, "-c:a", "libmp3lame"]
    film = make(tmp_path / "film.mkv", *ramp(), "-f", "lavfi", "-i", click, *codecs)
    (run,), announced = play(film, 4.2 * SECONDS)
    assert announced["audio"].delivery == tracks
    dark = [seconds for seconds, number in zip(run.seconds("video"), numbers(run.mp4(), (160, 120)),
                                               strict=True) if number == 0]  # fmt: skip
    clicks = _clicks(run)
    assert len(dark) >= 4
    skews = [min(clicks, key=lambda at: abs(at - shown)) - shown for shown in dark[:4]]
    assert max(map(abs, skews)) < 0.05
    assert max(skews) - min(skews) < 0.05


def _clicks(run: Run) -> list[float]:
    """When each click begins, as the decoder hears it: from the middle of its power."""
    times, power = [], []
    with av.open(io.BytesIO(run.mp4()), "r") as container:
        for frame in container.decode(audio=0):
            assert frame.time is not None
            times.append(frame.time + np.arange(frame.samples) / frame.sample_rate)
            power.append(frame.to_ndarray()[0] ** 2)
    at, weight = np.concatenate(times), np.concatenate(power)
    loud = np.flatnonzero(weight > 0.01)
    clicks = np.split(loud, np.flatnonzero(np.diff(at[loud]) > 0.3) + 1)
    return [float(np.average(at[click], weights=weight[click])) - 0.02 for click in clicks]


def test_a_file_that_is_replaced_is_opened_anew(tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", *ramp(), *NO_B)
    other = make(tmp_path / "other.mp4", *ramp("96x64"), *NO_B)
    with running(film) as worker:
        number = worker.subscribe(H264)
        worker.collect(number, 0.3)
        other.rename(film)
        first, second = worker.collect(number, 0.3, epochs=2)
    assert (first.tracks[0].width, second.tracks[0].width) == (160, 96)
    assert second.packets[0].keyframe
    assert second.seconds("video")[0] > first.seconds("video")[-1]


BAD: list[tuple[str, bytes, str]] = [
    ("empty.mp4", b"", "not a media file or stream that can be read"),
    ("letter.txt", b"Dear Sir,\n" * 200, "not a kind of media that is accepted here"),
    ("noise.bin", bytes(range(256)) * 64, "not a media file or stream that can be read"),
    ("list.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nCANARY\n", "not "),
    ("list.ffconcat", b"ffconcat version 1.0\nfile CANARY\n", "not "),
    ("a.sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n", "not "),
    ("list.mpd", b"<?xml version='1.0'?><MPD><Period/></MPD>", "not "),
]


@pytest.mark.parametrize(("name", "data", "text"), BAD, ids=[row[0] for row in BAD])
def test_says_in_one_line_why_it_cannot_play(
    name: str, data: bytes, text: str, tmp_path: Path
) -> None:
    canary = tmp_path / "canary.ts"
    os.mkfifo(canary)  # who opens it for reading would hang, and be seen to
    film = tmp_path / name
    film.write_bytes(data.replace(b"CANARY", b"canary.ts"))
    with running(film) as worker:
        worker.subscribe(H264)
        state = worker.wait_for_state("offline", final=True)
        with pytest.raises(OSError, match="No such device"):  # ENXIO: nobody reads it
            os.open(canary, os.O_WRONLY | os.O_NONBLOCK)
    assert state.text.startswith(f"{film}: {text}")
    assert "\n" not in state.text


def test_says_what_is_no_file(tmp_path: Path) -> None:
    for place, text in ((tmp_path / "none.mp4", "there is no such file"), (tmp_path, "is a dir")):
        with running(place) as worker:
            state = worker.wait_for_state("offline", final=True)
        assert state.text.startswith(f"{place}: {text}")
