"""The sound of the test pattern."""

import numpy as np
from numpy.typing import NDArray


class Tone:
    """A continuous sine at -20 dBFS (peak 0.1), with a louder tick where each second begins.

    Sample 0 begins a second. The tick is 50 ms of 2 kHz that starts at once with a peak of 0.5 and
    dies away: the time of its onset is that of the lamp in the picture.
    """

    def __init__(self, frequency: float, sample_rate: int = 48000) -> None:
        """``frequency`` in Hz, below half of ``sample_rate`` (samples per second)."""
        self._frequency, self._rate = frequency, sample_rate
        time = np.arange(sample_rate // 20) / sample_rate
        self._tick = 0.5 * np.exp(-time / 0.008) * np.cos(2 * np.pi * 2000 * time)

    def samples(self, start: int, count: int) -> NDArray[np.float32]:
        """``count`` mono samples (-1..1) from sample ``start`` (>= 0) on, in new memory.

        The sound depends on the sample's number alone: pieces fit together however they are cut.
        """
        number = np.arange(start, start + count)
        wave = 0.1 * np.sin(2 * np.pi * (number * (self._frequency / self._rate) % 1))
        at = number % self._rate
        ticking = at < len(self._tick)
        wave[ticking] += self._tick[at[ticking]]
        sound: NDArray[np.float32] = wave.astype(np.float32)
        return sound
