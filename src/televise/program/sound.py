"""Sound: arrays of samples become blocks for the worker."""

from collections.abc import Iterator
from numbers import Integral
from typing import Any

from televise.errors import InputError
from televise.link.frames import MAX_SOUND, SAMPLE_BYTES, Samples

MIN_RATE, MAX_RATE = 8_000, 192_000
_FORMATS = {"int16": "s16", "float32": "flt"}


def blocks(samples: Any, rate: int, captured: int) -> Iterator[Samples]:
    """``samples`` as blocks that fit into a message.

    An array of int16, or float32 from -1 to 1: (n,) for mono, (n, 1) or (n, 2) for mono and
    stereo. ``captured`` is Unix nanoseconds of the first sample. InputError.
    """
    format = _FORMATS.get(str(getattr(samples, "dtype", "")))
    if format is None:
        kind = getattr(samples, "dtype", type(samples).__name__)
        raise InputError(f"sound of {kind}: give a numpy array of int16, or float32 from -1 to 1")
    channels = samples.shape[1] if samples.ndim == 2 else 1
    if samples.ndim not in (1, 2) or channels not in (1, 2):
        shape = "x".join(map(str, samples.shape))
        raise InputError(f"sound of shape {shape}: samples, or samples x 2 for stereo")
    if not isinstance(rate, Integral) or not MIN_RATE <= rate <= MAX_RATE:
        raise InputError(f"rate={rate!r}: samples per second, from {MIN_RATE} to {MAX_RATE}")
    most = MAX_SOUND // 4 // (channels * SAMPLE_BYTES[format])
    for start in range(0, len(samples), most):
        at = captured + start * 1_000_000_000 // rate
        yield Samples(at, rate, channels, format, samples[start : start + most].tobytes())
