"""MPEG-1 Layer II sound (FFmpeg's encoder)."""

from televise.media.encoders.sound import SoundCodec, SoundEncoder

MP2 = SoundCodec("mp2", "s16", 1152, drift_seconds=0.04)


class Mp2Encoder(SoundEncoder):
    """Encodes sound as MP2, mono or stereo, 44.1 or 48 kHz as the input has it."""

    def __init__(self, sample_rate: int, channels: int, reason: str) -> None:
        super().__init__(MP2, sample_rate, channels, reason)
