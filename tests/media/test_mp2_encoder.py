from fractions import Fraction

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext

from televise.media.encoders.encoded import Encoded, Sound
from televise.media.encoders.mp2 import Mp2Encoder

BLOCK = 1152
PADDING = 481  # samples before the first one: what the filter bank takes


def tone(start: int, count: int, rate: int, layout: str = "mono") -> av.AudioFrame:
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(start, start + count) / rate)
    channels = 1 if layout == "mono" else 2
    samples = np.tile(wave.astype(np.float32), (channels, 1))
    frame = av.AudioFrame.from_ndarray(samples, "fltp", layout)
    frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
    return frame


def encode(
    encoder: Mp2Encoder, rate: int, layout: str, blocks: int = 50, offset: float = 0.0
) -> list[Encoded]:
    """Sound in blocks of 20 ms, from ``offset`` seconds on."""
    count = rate // 50
    packets: list[Encoded] = []
    for number in range(blocks):
        frame = tone(number * count, count, rate, layout)
        packets += encoder.encode(Sound(frame, offset + number / 50, number))
    return packets


def decode(packets: list[Encoded]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    decoder = av.CodecContext.create("mp2float", "r")
    assert isinstance(decoder, AudioCodecContext)
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


@pytest.mark.parametrize(
    ("rate", "layout", "coded", "channels"),
    [
        (48000, "mono", 48000, 1),
        (44100, "stereo", 44100, 2),
        (16000, "mono", 48000, 1),
        (96000, "5.1", 48000, 2),
    ],
)
def test_tracks(rate: int, layout: str, coded: int, channels: int) -> None:
    encoder = Mp2Encoder(rate, 6 if layout == "5.1" else channels, "because")
    track = encoder.track
    assert (track.kind, track.codec, track.config) == ("audio", "mp2", b"")
    assert (track.timescale, track.sample_rate) == (coded, coded)
    assert (track.channels, track.reason) == (channels, "because")
    if layout == "5.1":
        return
    packets = encode(encoder, rate, layout)
    assert {packet.track for packet in packets} == {track}
    assert {packet.duration for packet in packets} == {BLOCK}
    assert {packet.data[:2] for packet in packets} == {b"\xff\xfd"}, "MPEG-1 Layer II"
    sound = decode(packets)
    assert sound.shape[0] == channels
    assert 0.2 < np.sqrt(2) * sound[0, 4 * BLOCK :].std() < 0.35


def test_times_follow_each_other_without_a_gap() -> None:
    packets = encode(Mp2Encoder(48000, 1, ""), 48000, "mono", offset=2.0)
    assert [packet.pts for packet in packets] == [
        96000 - PADDING + BLOCK * number for number in range(len(packets))
    ]
    assert all(packet.pts == packet.dts for packet in packets)
    assert all(packet.seconds == packet.pts / 48000 for packet in packets)
    assert len(packets) == 48000 // BLOCK


def test_a_tone_comes_back_at_its_time() -> None:
    packets = encode(Mp2Encoder(48000, 1, ""), 48000, "mono")
    sound = decode(packets)[0]
    expected = tone(packets[0].pts, len(sound), 48000).to_ndarray()[0]
    middle = slice(5 * BLOCK, -BLOCK)
    assert np.abs(sound[middle] - expected[middle]).max() < 0.02


def test_sound_that_jumps_ahead_leaves_a_gap_and_late_sound_is_left_out() -> None:
    encoder = Mp2Encoder(48000, 1, "")
    before = encode(encoder, 48000, "mono")
    after = encode(encoder, 48000, "mono", offset=3.0)
    assert [packet.pts for packet in after][-1] > 3.9 * 48000
    gaps = [b.pts - a.pts for a, b in zip(before + after, (before + after)[1:], strict=False)]
    assert sorted(set(gaps)) == [BLOCK, BLOCK + 2 * 48000]
    assert encode(encoder, 48000, "mono", offset=1.0) == []


def test_the_input_may_become_another() -> None:
    encoder = Mp2Encoder(48000, 1, "")
    first = encode(encoder, 48000, "mono")
    second = encode(encoder, 16000, "stereo", offset=1.0)
    assert {packet.track for packet in first + second} == {encoder.track}
    assert decode(first + second).shape[0] == 1
