from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from televise.errors import SourceError
from televise.formats import mpeg1
from televise.media.encoders.encoded import Encoded, Picture
from televise.media.encoders.mpeg1 import Mpeg1Encoder, coded_rate, default_bitrate
from televise.media.planes import pixel_planes
from tests.formats.witness import pictures

SIZE = (64, 48)


def encoder(fps: float = 25, size: tuple[int, int] = SIZE, bitrate: int = 0) -> Mpeg1Encoder:
    return Mpeg1Encoder(av.VideoFrame(*size, "yuv420p"), size, fps, bitrate, "because")


def encode(
    made: Mpeg1Encoder, frames: list[av.VideoFrame], fps: float = 25, asked: tuple[int, ...] = ()
) -> list[Encoded]:
    """Each picture comes out at once."""
    found = []
    for number, frame in enumerate(frames):
        picture = Picture(frame, 10 + number / fps, 1 / fps, number)
        (encoded,) = made.encode(picture, keyframe=number in asked)
        assert encoded.captured == number
        found.append(encoded)
    return found


def decode(packets: list[Encoded]) -> list[av.VideoFrame]:
    decoder = av.CodecContext.create("mpeg1video", "r")
    assert isinstance(decoder, VideoCodecContext)
    coded = [av.Packet(packet.data) for packet in packets]
    return [frame for packet in [*coded, None] for frame in decoder.decode(packet)]


def luma(frame: av.VideoFrame) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return pixel_planes(frame)[0].astype(np.float64)


def test_the_packet_of_a_picture_is_that_of_this_picture() -> None:
    frames = pictures(*SIZE, 30, "yuv420p")
    packets = encode(encoder(bitrate=4_000_000), frames)
    decoded = decode(packets)
    assert len(decoded) == len(frames)
    for before, after in zip(frames, decoded, strict=True):
        assert np.abs(luma(before) - luma(after)).mean() < 8
    assert [packet.pts for packet in packets] == [900_000 + 3600 * n for n in range(30)]
    assert all(packet.pts == packet.dts for packet in packets)
    assert all(packet.seconds == packet.dts / 90_000 for packet in packets)
    assert {packet.duration for packet in packets} == {3600}


def test_the_track() -> None:
    (track,) = {packet.track for packet in encode(encoder(), pictures(*SIZE, 2, "yuv420p"))}
    assert (track.kind, track.codec, track.timescale) == ("video", "mpeg1video", 90_000)
    assert (track.width, track.height, track.config, track.reason) == (*SIZE, b"", "because")


def test_keyframes_every_two_seconds_and_on_demand() -> None:
    packets = encode(encoder(), pictures(*SIZE, 120, "yuv420p"), asked=(30, 31))
    assert [n for n, packet in enumerate(packets) if packet.keyframe] == [0, 30, 31, 81]
    for packet in packets:
        assert mpeg1.check_jsmp(packet.data) == packet.keyframe
        if packet.keyframe:
            header = mpeg1.parse_sequence_header(packet.data)
            assert (header.width, header.height, header.frame_rate) == (*SIZE, Fraction(25))
            assert mpeg1.GROUP_CODE in packet.data


def test_a_scene_cut_is_no_keyframe() -> None:
    black, white = (av.VideoFrame(*SIZE, "gray") for _ in range(2))
    pixel_planes(black)[0][:], pixel_planes(white)[0][:] = 16, 235
    packets = encode(encoder(), [black] * 5 + [white] * 5)
    assert [packet.keyframe for packet in packets] == [True, *[False] * 9]


def test_the_frame_is_not_touched() -> None:
    """Other encoders have it too."""
    (frame,) = pictures(*SIZE, 1, "yuv420p")
    frame.pts, before = 77, luma(frame)
    encode(encoder(), [frame], asked=(0,))
    assert (frame.pts, frame.pict_type) == (77, 0)
    assert np.array_equal(luma(frame), before)


@pytest.mark.parametrize(
    ("fps", "coded"),
    [
        (0.5, Fraction(24000, 1001)), (15, Fraction(24000, 1001)), (23.976, Fraction(24000, 1001)),
        (24, Fraction(24)), (25, Fraction(25)), (25.1, Fraction(30000, 1001)),
        (29.97, Fraction(30000, 1001)), (30, Fraction(30)), (31, Fraction(50)),
        (59.94, Fraction(60000, 1001)), (60, Fraction(60)), (120, Fraction(60)),
    ],
)  # fmt: skip
def test_rates_that_mpeg1_has(fps: float, coded: Fraction) -> None:
    assert coded_rate(fps) == coded
    packets = encode(encoder(fps), pictures(*SIZE, 3, "yuv420p"), fps)
    assert mpeg1.parse_sequence_header(packets[0].data).frame_rate == coded
    assert [packet.pts for packet in packets] == [round((10 + n / fps) * 90_000) for n in range(3)]


def test_a_source_of_unknown_rate() -> None:
    packets = encode(encoder(0), pictures(*SIZE, 2, "yuv420p"))
    assert mpeg1.parse_sequence_header(packets[0].data).frame_rate == 30


def test_times_only_grow() -> None:
    frames, made = pictures(*SIZE, 3, "yuv420p"), encoder()
    packets = [made.encode(Picture(frame, 1.0, 0.04, 0), keyframe=False)[0] for frame in frames]
    assert [packet.pts for packet in packets] == [90_000, 90_001, 90_002]


@pytest.mark.parametrize("fps", [5, 25, 60])
def test_the_bitrate_is_that_of_real_seconds(fps: int) -> None:
    """Whatever rate the sequence header tells."""
    size, bitrate = (320, 240), 1_000_000
    packets = encode(encoder(fps, size, bitrate), pictures(*size, fps * 6, "yuv420p"), fps)
    bits = sum(len(packet.data) for packet in packets[fps * 2 :]) * 8 / 4
    assert 0.6 < bits / bitrate < 1.3


def test_the_default_bitrate_grows_with_the_size() -> None:
    assert default_bitrate((640, 360)) == 1_500_000
    rates = [default_bitrate(size) for size in ((16, 16), SIZE, (1280, 720), (1920, 1080))]
    assert rates == sorted(rates)
    assert 4_000_000 < rates[2] < 6_000_000


def test_two_pictures_fit_the_legacy_client_even_of_noise() -> None:
    size = (1280, 720)
    packets = encode(encoder(25, size, 50_000_000), pictures(*size, 6, "yuv420p"), asked=(3,))
    assert max(len(packet.data) for packet in packets) < mpeg1.JSMP_MAX_BYTES / 2


@pytest.mark.parametrize("size", [(16, 16), (2, 2), (4094, 16), (720, 2304)])
@pytest.mark.parametrize(("fps", "bitrate"), [(0.1, 50_000_000), (120, 50_000), (25, 0)])
def test_whatever_a_rendition_may_ask_for(size: tuple[int, int], fps: float, bitrate: int) -> None:
    packets = encode(encoder(fps, size, bitrate), pictures(*size, 2, "yuv420p"), fps)
    assert [(frame.width, frame.height) for frame in decode(packets)] == [size] * 2


def test_a_picture_that_is_too_wide() -> None:
    with pytest.raises(SourceError, match="up to 4095 pixels"):
        encoder(size=(4096, 16))
