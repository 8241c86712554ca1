"""MPEG-1 Layer II sound of a source, as it is."""

from collections.abc import Iterator

from televise.errors import FormatError, Unfit
from televise.media.encoders.encoded import Encoded
from televise.media.passthrough.path import UNTOUCHED
from televise.media.source import Input
from televise.media.unit import Unit
from televise.model.track import Track

# Samples in a frame; rates that MPEG-1 has (ISO/IEC 11172-3, 2.4.2.3).
_SAMPLES = 1152
_RATES = (32_000, 44_100, 48_000)
# syncword, ID 1 (MPEG-1) and layer 10 (II); the last bit tells of a checksum.
_BEGIN = 0xFFFC


class Mp2Path:
    """One frame for each of the source's packets."""

    def __init__(self, source: Input) -> None:
        self.track = Track(
            "audio",
            "mp2",
            int(source.rate),
            sample_rate=int(source.rate),
            channels=source.channels,
            delivery="passthrough",
            reason=UNTOUCHED,
        )

    def packets(self, unit: Unit) -> Iterator[Encoded]:
        """The frame as it is."""
        if int.from_bytes(unit.data[:2], "big") | 1 != _BEGIN | 1:
            raise FormatError("not a frame of MPEG-1 Layer II")
        seconds, rate = unit.place.seconds, self.track.timescale
        ticks, duration = round(seconds * rate), round(unit.place.duration * rate) or _SAMPLES
        if duration > 2 * _SAMPLES:
            raise Unfit("its packets have several frames")
        yield Encoded(self.track, unit.data, ticks, ticks, duration, False, unit.captured, seconds)


def unfit(source: Input) -> str:
    """Why sound of ``source`` cannot go untouched as MP2; '' where it can."""
    if source.codec != "mp2" or source.decoder is None:
        return "mp2 was asked for"
    if int(source.rate) not in _RATES or source.channels not in (1, 2):
        return f"MPEG-1 has no sound of {source.rate:g} Hz with {source.channels} channels"
    return ""
