"""AAC-LC sound (FFmpeg's encoder)."""

from collections.abc import Iterator
from fractions import Fraction

import av
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import Flags

from televise.media.encoders.encoded import Encoded
from televise.media.source import AnyPacket
from televise.model.track import Track

BITRATE = 128_000
# Sound that is further from its place than this is put there, with a gap.
DRIFT_SECONDS = 0.1


class AacEncoder:
    """Encodes sound as AAC-LC, mono or stereo, 44.1 or 48 kHz as the input has it."""

    def __init__(self, sample_rate: int, channels: int, reason: str) -> None:
        self._rate = 44_100 if sample_rate == 44_100 else 48_000
        layout = "mono" if channels == 1 else "stereo"
        self._context = _open(self._rate, layout)
        self._resampler = av.AudioResampler("fltp", layout, self._rate, 1024)
        self.track = Track(
            "audio",
            "aac",
            self._rate,
            bytes(self._context.extradata or b""),
            sample_rate=self._rate,
            channels=1 if layout == "mono" else 2,
            reason=reason,
        )
        self._position = 0
        self._expected: int | None = None

    def encode(self, frame: av.AudioFrame, seconds: float, captured: int) -> Iterator[Encoded]:
        """What is complete after ``frame``, whose first sample is at ``seconds`` of media time."""
        samples = round(frame.samples * self._rate / frame.sample_rate)
        self._place(round(seconds * self._rate), samples)
        frame.pts = None
        for resampled in self._resampler.resample(frame):
            resampled.pts, resampled.time_base = self._position, Fraction(1, self._rate)
            self._position += resampled.samples
            for packet in self._context.encode(resampled):
                yield self._encoded(packet, captured)

    def _place(self, start: int, count: int) -> None:
        """Input of ``count`` samples begins at ``start``: leave a gap where it jumped ahead."""
        if self._expected is None:
            self._position = self._expected = start
        elif abs(start - self._expected) > DRIFT_SECONDS * self._rate:
            self._position += max(0, start - self._expected)
            self._expected = start
        self._expected += count

    def _encoded(self, packet: AnyPacket, captured: int) -> Encoded:
        pts = packet.pts or 0
        return Encoded(self.track, bytes(packet), pts, pts, 1024, False, captured, pts / self._rate)


def _open(rate: int, layout: str) -> AudioCodecContext:
    context = av.CodecContext.create("aac", "w")
    assert isinstance(context, AudioCodecContext)
    context.sample_rate = rate
    context.layout = layout
    context.format = "fltp"
    context.bit_rate = BITRATE
    context.time_base = Fraction(1, rate)
    context.flags |= Flags.global_header
    context.open()
    return context
