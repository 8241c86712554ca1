"""Sound stays at its place: gaps, overlaps, and inputs that become others."""

from fractions import Fraction

import av
import numpy as np
import pytest

from televise.formats import aac
from televise.media.encoders.aac import AAC, AacEncoder
from televise.media.encoders.encoded import Encoded, Sound

# What is still in the encoder: it works on blocks of 1024 samples, and looks at the next one.
DELAY_SECONDS = 0.1


def sound(seconds: float, samples: int, rate: int = 48_000, layout: str = "mono") -> Sound:
    channels = av.AudioLayout(layout).nb_channels
    values = np.zeros((channels, samples), np.float32)
    frame = av.AudioFrame.from_ndarray(values, "fltp", layout)
    frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
    return Sound(frame, seconds, 5)


def encode(encoder: AacEncoder, *sounds: Sound) -> list[Encoded]:
    return [encoded for each in sounds for encoded in encoder.encode(each)]


@pytest.mark.parametrize(
    ("rate", "channels", "wanted"),
    [(8000, 1, (48_000, 1)), (22_050, 2, (48_000, 2)), (44_100, 2, (44_100, 2)),
     (96_000, 6, (48_000, 2)), (0, 0, (48_000, 2))],
)  # fmt: skip
def test_what_comes_out(rate: int, channels: int, wanted: tuple[int, int]) -> None:
    track = AacEncoder(rate, channels, "why").track
    config = aac.parse_audio_config(track.config)
    assert (track.sample_rate, track.channels) == wanted
    assert (config.sample_rate, config.channels, config.object_type) == (*wanted, aac.LC)


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000])
def test_an_hour_of_odd_blocks_does_not_drift(rate: int) -> None:
    """Each block is as long as it says; what is rounded must not add up."""
    encoder = AacEncoder(rate, 1, "")
    found = []
    for number in range(3000):
        found += encode(encoder, sound(number * 1152 / rate, 1152, rate))
    length = 1024 / encoder.track.sample_rate
    steps = np.diff([encoded.seconds for encoded in found])
    assert steps == pytest.approx(np.full(len(steps), length))


def test_a_hole_stays_a_hole() -> None:
    encoder = AacEncoder(48_000, 1, "")
    before = encode(encoder, *(sound(n * 0.02, 960) for n in range(50)))
    after = encode(encoder, *(sound(2 + n * 0.02, 960) for n in range(50)))
    assert before[-1].seconds < 1
    assert after[-1].seconds == pytest.approx(3, abs=DELAY_SECONDS)
    ticks = [encoded.dts for encoded in (*before, *after)]
    assert ticks == sorted(set(ticks))


def test_sound_that_comes_too_fast_is_left_out() -> None:
    """One part in twenty too much: it must not lag behind more and more."""
    encoder = AacEncoder(48_000, 1, "")
    found = encode(encoder, *(sound(n * 0.019, 960) for n in range(1000)))
    assert found[-1].seconds == pytest.approx(19, abs=AAC.drift_seconds + DELAY_SECONDS)
    ticks = [encoded.dts for encoded in found]
    assert ticks == sorted(set(ticks))


def test_the_input_may_become_another() -> None:
    encoder = AacEncoder(48_000, 2, "")
    found = encode(
        encoder,
        *(sound(n * 0.02, 960, 48_000, "stereo") for n in range(25)),
        *(sound(0.5 + n * 0.02, 441, 22_050, "mono") for n in range(25)),
        *(sound(1.0 + n * 0.02, 882, 44_100, "5.1") for n in range(25)),
    )
    assert found[-1].seconds == pytest.approx(1.5, abs=DELAY_SECONDS)
    assert {encoded.track for encoded in found} == {encoder.track}
