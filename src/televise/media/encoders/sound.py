"""SoundEncoder: what the encoders of sound have in common."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import Flags

from televise.media.encoders.encoded import Encoded, Sound
from televise.media.source import AnyPacket
from televise.model.track import Track

BITRATE = 128_000


@dataclass(frozen=True)
class SoundCodec:
    """A codec by FFmpeg's name: the sample format that it takes, and samples in a block.

    Sound that is further from its place than ``drift_seconds`` is put there: with a gap, or by
    leaving some out.
    """

    name: str
    sample_format: str
    block: int
    drift_seconds: float


class SoundEncoder:
    """Encodes sound, mono or stereo, 44.1 or 48 kHz as the input has it."""

    def __init__(self, codec: SoundCodec, sample_rate: int, channels: int, reason: str) -> None:
        self._codec = codec
        self._rate = 44_100 if sample_rate == 44_100 else 48_000
        self._layout = "mono" if channels == 1 else "stereo"
        self._context = _open(codec, self._rate, self._layout)
        self._kind: tuple[str, str, int] | None = None
        self._is_late = False
        self.track = Track(
            "audio",
            codec.name,
            self._rate,
            bytes(self._context.extradata or b""),
            sample_rate=self._rate,
            channels=1 if channels == 1 else 2,
            reason=reason,
        )
        self._position = 0
        self._expected: float | None = None

    def encode(self, sound: Sound) -> Iterator[Encoded]:
        """What is complete after ``sound``."""
        frame = sound.frame
        if not self._place(sound.seconds, frame.samples / frame.sample_rate):
            return
        frame.pts = None
        for resampled in self._resample(frame):
            resampled.pts, resampled.time_base = self._position, Fraction(1, self._rate)
            self._position += resampled.samples
            for packet in self._context.encode(resampled):
                yield self._encoded(packet, sound.captured)

    def _resample(self, frame: av.AudioFrame) -> list[av.AudioFrame]:
        """Blocks of samples at our rate; the input may become another at any time."""
        kind = frame.format.name, frame.layout.name, frame.sample_rate
        if kind != self._kind:
            self._kind = kind
            self._resampler = av.AudioResampler(
                self._codec.sample_format, self._layout, self._rate, self._codec.block
            )
        return self._resampler.resample(frame)

    def _place(self, start: float, length: float) -> bool:
        """Input of ``length`` begins at ``start``, in seconds; False where it must be left out."""
        if self._expected is None:
            self._position, self._expected = round(start * self._rate), start
        ahead, drift = start - self._expected, self._codec.drift_seconds
        if ahead > drift:
            self._position += round(ahead * self._rate)
            self._expected = start
        self._is_late = ahead < -drift or (self._is_late and ahead < 0)
        if self._is_late:
            return False
        self._expected += length
        return True

    def _encoded(self, packet: AnyPacket, captured: int) -> Encoded:
        pts = packet.pts or 0
        data, block = bytes(packet), self._codec.block
        return Encoded(self.track, data, pts, pts, block, False, captured, pts / self._rate)


def _open(codec: SoundCodec, rate: int, layout: str) -> AudioCodecContext:
    context = av.CodecContext.create(codec.name, "w")
    assert isinstance(context, AudioCodecContext)
    context.sample_rate = rate
    context.layout = layout
    context.format = codec.sample_format
    context.bit_rate = BITRATE
    context.time_base = Fraction(1, rate)
    context.flags |= Flags.global_header
    context.open()
    return context
