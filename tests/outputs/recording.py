"""What an encoding of the test pattern sends to the hub, without a worker and without waiting."""

from dataclasses import dataclass, field
from fractions import Fraction

import av

from televise.media.encoders.aac import AacEncoder
from televise.media.encoders.encoded import Encoded, Picture, Sound, VideoEncoder
from televise.media.encoders.h264 import H264Encoder
from televise.media.encoders.mp2 import Mp2Encoder
from televise.media.encoders.mpeg1 import Mpeg1Encoder
from televise.media.planes import pixel_planes
from televise.media.testcard import TestCard
from televise.media.tone import Tone
from televise.model.packet import Packet
from televise.model.track import Track

RATE = 25
SAMPLES = 48_000
CARD = (160, 120)


@dataclass
class Recording:
    """One epoch."""

    tracks: tuple[Track, ...] = ()
    packets: list[Packet] = field(default_factory=list)

    def add(self, track: int, encoded: Encoded) -> None:
        number = len(self.packets)
        dts = max([encoded.dts, *(packet.dts + 1 for packet in self.of(track)[-1:]), 0])
        self.packets.append(
            Packet(
                track, 1, number, encoded.data, max(encoded.pts, dts), dts, encoded.duration,
                encoded.keyframe, encoded.captured, encoded.seconds,
            )
        )  # fmt: skip

    def of(self, track: int) -> list[Packet]:
        return [packet for packet in self.packets if packet.track == track]


def record(video: str, seconds: float, size: tuple[int, int] = CARD) -> Recording:
    """Numbered pictures, and a tone of 440 Hz with ``mpeg1video`` (MP2) and ``h264`` (AAC)."""
    card, tone, recording = TestCard(*size), Tone(440, SAMPLES), Recording()
    sound = (Mp2Encoder if video == "mpeg1video" else AacEncoder)(SAMPLES, 1, "test")
    encoder: VideoEncoder | None = None
    for number in range(round(seconds * RATE)):
        frame = _frame(card, number, size)
        encoder = encoder or _encoder(video, frame, size)
        time, captured = number / RATE, number * 40_000_000
        picture = Picture(frame, time, 1 / RATE, captured)
        for encoded in encoder.encode(picture, keyframe=False):
            recording.tracks = encoded.track, sound.track
            recording.add(0, encoded)
        for encoded in sound.encode(Sound(_samples(tone, number), time, captured)):
            recording.add(1, encoded)
    return recording


def _encoder(video: str, frame: av.VideoFrame, size: tuple[int, int]) -> VideoEncoder:
    make = Mpeg1Encoder if video == "mpeg1video" else H264Encoder
    return make(frame, size, RATE, 0, "test")


def _frame(card: TestCard, number: int, size: tuple[int, int]) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "yuv420p")
    planes = card.render(number, number * 40)
    for target, pixels in zip(pixel_planes(frame), planes, strict=True):
        target[:] = pixels
    frame.color_range = 1
    return frame


def _samples(tone: Tone, number: int) -> av.AudioFrame:
    count = SAMPLES // RATE
    samples = tone.samples(number * count, count)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "flt", "mono")
    frame.sample_rate, frame.time_base = SAMPLES, Fraction(1, SAMPLES)
    return frame
