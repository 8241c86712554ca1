"""AAC-LC sound (FFmpeg's encoder)."""

from televise.media.encoders.sound import SoundCodec, SoundEncoder

AAC = SoundCodec("aac", "fltp", 1024, drift_seconds=0.02)


class AacEncoder(SoundEncoder):
    """Encodes sound as AAC-LC, mono or stereo, 44.1 or 48 kHz as the input has it."""

    def __init__(self, sample_rate: int, channels: int, reason: str) -> None:
        super().__init__(AAC, sample_rate, channels, reason)
