"""The sound of the test pattern: one sine, and a tick each second."""

import numpy as np
import pytest

from televise.media.tone import Tone


def test_the_tone_is_one_sine_without_seams() -> None:
    tone = Tone(1000.0, 48_000)
    pieces = np.concatenate([tone.samples(start, 1601) for start in range(0, 16_010, 1601)])
    whole = tone.samples(0, 16_010)
    assert pieces.dtype == np.float32
    assert np.allclose(pieces, whole, atol=1e-4)
    quiet = whole[12_000:16_000]
    spectrum = np.abs(np.fft.rfft(quiet * np.hanning(len(quiet))))
    assert np.argmax(spectrum) * 48_000 / len(quiet) == pytest.approx(1000, abs=12)


def test_each_second_begins_with_a_tick() -> None:
    samples = Tone(440.0, 48_000).samples(0, 96_000)
    tick, rest = np.abs(samples[48_000:48_960]).max(), np.abs(samples[60_000:90_000]).max()
    assert tick > 1.5 * rest
    assert np.abs(samples).max() <= 1.0
