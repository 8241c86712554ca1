"""Chapter 7.1: on a Pi with an encoder H264Encoder is that, on others LibavH264Encoder."""

from fractions import Fraction
from importlib import import_module
from typing import Any

import av
from av.video.codeccontext import VideoCodecContext


class HardwareEncoder:
    """Annex B, parameter sets before every keyframe where ``repeat``; times in microseconds."""

    def __init__(self, bitrate: int, repeat: bool = False, iperiod: int = 30) -> None:
        assert repeat
        self.bitrate, self.iperiod = bitrate, iperiod
        self.output: Any = None
        self.running = True

    def encode(self, camera: Any) -> None:
        assert isinstance(self.output, import_module("picamera2.outputs").Output)
        context = self._context(*camera.configuration["main"]["size"])
        count = 0
        while self.running:
            frame = av.VideoFrame.from_ndarray(camera.capture_array("main"), "yuv420p")
            frame.pts, frame.time_base = count, Fraction(1, 30)
            count += 1
            for packet in context.encode(frame):
                self.output.outputframe(
                    bytes(packet), packet.is_keyframe, count * 1_000_000 // 30, packet, False
                )

    def _context(self, width: int, height: int) -> VideoCodecContext:
        context = VideoCodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base, context.bit_rate = Fraction(1, 30), self.bitrate
        context.options = {"tune": "zerolatency", "g": str(self.iperiod), "preset": "ultrafast"}
        return context


class LibavH264Encoder:
    def __init__(self, **options: Any) -> None:
        raise AssertionError("software encodes in televise, and only what is watched")


H264Encoder: type = HardwareEncoder
