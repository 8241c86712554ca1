import io
from fractions import Fraction
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError, LocalError
from televise.formats import aac, box, h264, mp4
from televise.formats.mp4 import AudioEntry, Entry, Sample, VideoEntry
from tests.formats.witness import (
    FRAMES_PER_SECOND,
    Encoding,
    encode_aac,
    encode_h264,
    ffmpeg,
    ffprobe,
    golden,
)

TICKS = 3600  # of 1/90000 s per frame
SAMPLES = st.builds(
    Sample,
    track_id=st.integers(1, (1 << 32) - 1),
    decode_time=st.integers(0, (1 << 64) - 1),
    duration=st.integers(0, (1 << 32) - 1),
    composition_offset=st.just(0) | st.integers(-(1 << 31), (1 << 31) - 1),
    keyframe=st.booleans(),
    data=st.binary(max_size=2000),
)


def video_entry(encoding: Encoding, width: int = 64, height: int = 48) -> VideoEntry:
    sets = h264.parameter_sets_annexb(encoding.extradata)
    assert sets is not None
    return VideoEntry(width, height, sets.record(), 90000)


def delay(encoding: Encoding) -> int:
    """Frames that decoding comes before presentation; the first decoding times are negative."""
    return -encoding.packets[0].dts


def video_samples(encoding: Encoding) -> list[Sample]:
    return [
        Sample(
            1, (packet.dts + delay(encoding)) * TICKS, TICKS, (packet.pts - packet.dts) * TICKS,
            packet.keyframe, h264.join_avcc(h264.split_annexb(packet.data)),
        )
        for packet in encoding.packets
    ]  # fmt: skip


def movie(tracks: list[Entry], samples: list[Sample]) -> bytes:
    pieces = [mp4.fragment(number, sample) for number, sample in enumerate(samples, start=1)]
    return mp4.init_segment(tracks) + b"".join(pieces)


def golden_entries() -> tuple[VideoEntry, AudioEntry]:
    sets = h264.parameter_sets_annexb(golden("h264_extradata"))
    assert sets is not None
    sound = AudioEntry(aac.make_audio_config(2, 48000, 2), 48000)
    return VideoEntry(1280, 720, sets.record(), 90000), sound


def test_golden_init_segments() -> None:
    video, audio = golden_entries()
    assert mp4.init_segment([video]) == golden("mp4_init_video")
    assert mp4.init_segment([audio]) == golden("mp4_init_audio")
    assert mp4.init_segment([video, audio]) == golden("mp4_init_video_audio")


def test_golden_fragments() -> None:
    key = Sample(1, 0x123456789, 3600, 0, True, b"\0\0\0\2\x65\x88")
    late = Sample(2, 90000, 1024, -1800, False, b"\0\0\0\2\x41\x9a")
    assert mp4.fragment(7, key) == golden("mp4_fragment_keyframe")
    assert mp4.fragment(8, late) == golden("mp4_fragment_offset")


@given(st.integers(0, 1 << 40), SAMPLES)
def test_every_number_stands_in_its_box(sequence: int, sample: Sample) -> None:
    data = mp4.fragment(sequence, sample)
    assert [name for name, _, _ in box.boxes(data)] == ["moof", "mdat"]
    moof, traf = box.find(data, "moof"), box.find(data, "moof", "traf")
    assert [name for name, _, _ in box.boxes(moof)] == ["mfhd", "traf"]
    assert [name for name, _, _ in box.boxes(traf)] == ["tfhd", "tfdt", "trun"]
    assert numbers(box.find(moof, "mfhd")) == [0, sequence % (1 << 32)]
    assert numbers(box.find(traf, "tfhd")) == [0x020000, sample.track_id]
    tfdt = box.find(traf, "tfdt")
    assert (tfdt[:4], int.from_bytes(tfdt[4:], "big")) == (b"\1\0\0\0", sample.decode_time)
    offset = sample.composition_offset
    flags = 0x02000000 if sample.keyframe else 0x01010000
    assert numbers(box.find(traf, "trun")) == [
        0x01000B05 if offset else 0x305, 1, 8 + len(moof) + 8, flags, sample.duration,
        len(sample.data), *([offset % (1 << 32)] if offset else []),
    ]  # fmt: skip
    assert box.find(data, "mdat") == sample.data


def numbers(payload: bytes) -> list[int]:
    return [int.from_bytes(payload[at : at + 4], "big") for at in range(0, len(payload), 4)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"track_id": -1},
        {"decode_time": -1},
        {"decode_time": 1 << 64},
        {"duration": -1},
        {"duration": 1 << 32},
        {"composition_offset": 1 << 31},
    ],
    ids=str,
)
def test_samples_that_mp4_cannot_hold(wrong: dict[str, int]) -> None:
    values: dict[str, Any] = {
        "track_id": 1, "decode_time": 0, "duration": 1, "composition_offset": 0, "keyframe": True,
    }  # fmt: skip
    with pytest.raises(LocalError, match="MP4 cannot hold"):
        mp4.fragment(1, Sample(**values | wrong, data=b""))


def test_entries_that_mp4_cannot_hold() -> None:
    record, sound = golden_entries()[0].config, golden_entries()[1].config
    with pytest.raises(FormatError, match="not an avcC record"):
        VideoEntry(64, 48, b"\0\0\0\1\x67\x42\xc0\x0a", 90000)
    with pytest.raises(FormatError, match="not an avcC record"):
        VideoEntry(64, 48, b"", 90000)
    for width, height, timescale in ((0, 48, 1), (64, 65536, 1), (64, 48, 0), (64, 48, 1 << 32)):
        with pytest.raises(LocalError):
            VideoEntry(width, height, record, timescale)
    with pytest.raises(LocalError, match="timescale is 0"):
        AudioEntry(sound, 0)
    with pytest.raises(LocalError, match="at least one track"):
        mp4.init_segment([])


def test_mime_types() -> None:
    video, audio = golden_entries()
    assert mp4.mime([video]) == 'video/mp4; codecs="avc1.64001F"'
    assert mp4.mime([video, audio]) == 'video/mp4; codecs="avc1.64001F,mp4a.40.2"'
    assert mp4.mime([audio]) == 'audio/mp4; codecs="mp4a.40.2"'


def test_the_init_segment_has_no_end_and_no_samples() -> None:
    data = mp4.init_segment(golden_entries())
    assert [name for name, _, _ in box.boxes(data)] == ["ftyp", "moov"]
    moov = box.find(data, "moov")
    names = [name for name, _, _ in box.boxes(moov)]
    assert names == ["mvhd", "trak", "trak", "mvex"]
    assert [name for name, _, _ in box.boxes(box.find(moov, "mvex"))] == ["trex", "trex"]
    assert numbers(box.find(moov, "mvhd"))[4] == 0
    assert numbers(box.find(moov, "trak", "tkhd"))[5] == 0
    assert numbers(box.find(moov, "trak", "mdia", "mdhd"))[3:5] == [90000, 0]


STREAMS: list[dict[str, Any]] = [
    {"profile": "baseline"},
    {"preset": "medium"},
    {"profile": "main", "bf": "2"},
    {"pix_fmt": "yuv420p10le"},
    {"pix_fmt": "yuv444p"},
    {"g": "4"},
    {"x264-params": "interlaced=1:slices=2"},
]


@pytest.mark.parametrize("options", STREAMS, ids=str)
def test_x264_is_read_back_by_pyav(options: dict[str, Any]) -> None:
    encoding = encode_h264(**options, count=20)
    samples = video_samples(encoding)
    data = movie([video_entry(encoding)], samples)
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.time_base) == (64, 48, Fraction(1, 90000))
        assert stream.codec_context.extradata == video_entry(encoding).config
        packets = [packet for packet in container.demux(stream) if packet.size]
    assert [bytes(packet) for packet in packets] == [sample.data for sample in samples]
    assert [packet.is_keyframe for packet in packets] == [sample.keyframe for sample in samples]
    assert [(packet.dts, packet.pts, packet.duration) for packet in packets] == [
        (sample.decode_time, sample.decode_time + sample.composition_offset, TICKS)
        for sample in samples
    ]
    with av.open(io.BytesIO(data), "r") as container:
        times = [frame.pts for frame in container.decode(video=0)]
    assert times == [(number + delay(encoding)) * TICKS for number in range(20)]


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("options", STREAMS, ids=str)
def test_x264_is_decoded_by_ffmpeg(options: dict[str, Any]) -> None:
    encoding = encode_h264(**options, count=20)
    data = movie([video_entry(encoding)], video_samples(encoding))
    ffmpeg(data, "-i", "-", "-fps_mode", "passthrough", "-f", "null", "-")
    counted = ffprobe(data, "-count_frames", "-show_entries", "stream=nb_read_frames,width,height")
    assert counted["streams"] == [{"width": 64, "height": 48, "nb_read_frames": "20"}]


@pytest.mark.usefixtures("programs")
def test_a_viewer_may_begin_at_any_keyframe() -> None:
    encoding = encode_h264(count=20, g="5")
    samples = video_samples(encoding)
    starts = [index for index, sample in enumerate(samples) if sample.keyframe]
    assert starts == [0, 5, 10, 15]
    for start in starts:
        data = movie([video_entry(encoding)], samples[start:])
        frames = ffprobe(data, "-show_entries", "frame=pts")["frames"]
        assert [frame["pts"] for frame in frames] == [
            sample.decode_time + sample.composition_offset for sample in samples[start:]
        ]


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(
    ("rate", "layout", "channels"),
    [(48000, "stereo", 2), (44100, "mono", 1), (96000, "stereo", 2), (48000, "quad", 4)],
)
def test_sound_is_decoded_by_ffmpeg(rate: int, layout: str, channels: int) -> None:
    encoding = encode_aac(rate, layout)
    track = AudioEntry(aac.parse_audio_config(encoding.extradata), rate)
    samples = [
        Sample(1, number * 1024, 1024, 0, True, packet.data)
        for number, packet in enumerate(encoding.packets)
    ]
    data = movie([track], samples)
    ffmpeg(data, "-i", "-", "-fps_mode", "passthrough", "-f", "null", "-")
    entries = "stream=codec_name,profile,sample_rate,channels,nb_read_packets"
    assert ffprobe(data, "-count_packets", "-show_entries", entries)["streams"] == [
        {"codec_name": "aac", "profile": "LC", "sample_rate": str(rate), "channels": channels,
         "nb_read_packets": str(len(samples))}
    ]  # fmt: skip


@pytest.mark.usefixtures("programs")
def test_picture_and_sound_together() -> None:
    pictures, sound = encode_h264(count=12), encode_aac(48000, seconds=12 / FRAMES_PER_SECOND)
    entries: list[Entry] = [
        video_entry(pictures),
        AudioEntry(aac.parse_audio_config(sound.extradata), 48000),
    ]
    samples = video_samples(pictures) + [
        Sample(2, number * 1024, 1024, 0, True, packet.data)
        for number, packet in enumerate(sound.packets)
    ]
    samples.sort(key=lambda sample: sample.decode_time / (90000, 48000)[sample.track_id - 1])
    data = movie(entries, samples)
    ffmpeg(data, "-i", "-", "-fps_mode", "passthrough", "-f", "null", "-")
    with av.open(io.BytesIO(data), "r") as container:
        read = [(p.stream.index + 1, bytes(p)) for p in container.demux() if p.size]
    assert sorted(read) == sorted((sample.track_id, sample.data) for sample in samples)
