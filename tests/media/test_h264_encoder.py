"""Our use of libx264: no delay, no change of the frames that it is given, the right parameters."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import PictureType

from televise.formats import h264
from televise.formats.sps import parse_sps
from televise.media.encoders.encoded import Encoded, Picture
from televise.media.encoders.h264 import H264Encoder


def picture(seconds: float, size: tuple[int, int] = (64, 48)) -> Picture:
    pixels = np.full((size[1] * 3 // 2, size[0]), 60 + round(seconds * 100) % 100, np.uint8)
    frame = av.VideoFrame.from_ndarray(pixels, "yuv420p")
    frame.pts, frame.time_base = 7, Fraction(1, 25)
    return Picture(frame, seconds, 0.04, 123)


def encoder(size: tuple[int, int] = (64, 48), bitrate: int = 0) -> H264Encoder:
    return H264Encoder(picture(0).frame, size, 25.0, bitrate, "because")


def encode(made: H264Encoder, seconds: float, *, keyframe: bool = False) -> Encoded:
    (encoded,) = made.encode(picture(seconds), keyframe=keyframe)
    return encoded


def test_each_picture_comes_out_as_it_goes_in() -> None:
    made = encoder()
    for number in range(60):
        encoded = encode(made, 1 + number / 25)
        assert encoded.pts == encoded.dts == round((1 + number / 25) * 90_000)
        assert (encoded.captured, encoded.duration) == (123, 3600)


def test_a_keyframe_every_two_seconds_and_on_demand() -> None:
    made = encoder()
    keys = [n for n in range(120) if encode(made, n / 25, keyframe=n == 30).keyframe]
    assert keys == [0, 30, 80]


def test_it_leaves_the_frame_of_the_source_alone() -> None:
    """Other encoders take the very same one, at the same time."""
    given = picture(0.0)
    given.frame.pict_type = PictureType.NONE
    before = bytes(given.frame.planes[0])
    encoder().encode(given, keyframe=True)
    assert (given.frame.pts, given.frame.time_base) == (7, Fraction(1, 25))
    assert given.frame.pict_type == PictureType.NONE
    assert bytes(given.frame.planes[0]) == before


def test_a_picture_out_of_order_is_put_in_order() -> None:
    made = encoder()
    first, second = encode(made, 1.0), encode(made, 0.9)
    assert second.dts == first.dts + 1


@pytest.mark.parametrize("bitrate", [0, 300_000])
def test_what_a_decoder_is_told(bitrate: int) -> None:
    made = encoder(bitrate=bitrate)
    encoded = encode(made, 0)
    sets, length = h264.parse_record(encoded.track.config)
    sps = parse_sps(sets.sps[0])
    assert (length, sps.width, sps.height, sps.reorder_frames) == (4, 64, 48, 0)
    types = {h264.nal_type(nal) for nal in h264.split_avcc(encoded.data)}
    assert types == {h264.IDR}, "parameter sets are in the track"
    assert encoded.track.reason == "because"


@pytest.mark.parametrize("size", [(2, 2), (16, 16), (18, 2), (4096, 16)])
def test_unusual_sizes(size: tuple[int, int]) -> None:
    encoded = encode(encoder(size), 0)
    assert (encoded.track.width, encoded.track.height) == size
    assert parse_sps(h264.parse_record(encoded.track.config)[0].sps[0]).width == size[0]
