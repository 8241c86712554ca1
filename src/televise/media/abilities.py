"""Abilities: what this installation can encode, for `televise doctor`.

Run as ``python -m televise.media.abilities``; says it in JSON. Each encoder is given a picture or a
moment of sound, and must make something of it.
"""

import json
import sys
from collections.abc import Callable, Iterable
from fractions import Fraction

import av
import numpy as np

from televise.media.encoders.aac import AacEncoder
from televise.media.encoders.encoded import Encoded, Picture, Sound, VideoEncoder
from televise.media.encoders.gif import GifEncoder
from televise.media.encoders.h264 import H264Encoder
from televise.media.encoders.jpeg import JpegEncoder
from televise.media.encoders.mp2 import Mp2Encoder
from televise.media.encoders.mpeg1 import Mpeg1Encoder
from televise.media.encoders.png import PngEncoder
from televise.media.encoders.sound import SoundEncoder

_SIZE = WIDTH, HEIGHT = 64, 64
_RATE = 48_000
_FRAME = av.VideoFrame.from_ndarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8), "rgb24")
_ENCODERS: dict[str, Callable[[], Iterable[Encoded]]] = {
    "H.264": lambda: _pictures(H264Encoder(_FRAME, _SIZE, 30.0, 0, "")),
    "MPEG-1": lambda: _pictures(Mpeg1Encoder(_FRAME, _SIZE, 30.0, 0, "")),
    "JPEG": lambda: _pictures(JpegEncoder(WIDTH, HEIGHT, 0, "")),
    "GIF": lambda: _pictures(GifEncoder(WIDTH, HEIGHT, 0, False, "")),
    "PNG": lambda: _pictures(PngEncoder(WIDTH, HEIGHT, "")),
    "AAC": lambda: _sound(AacEncoder(_RATE, 2, "")),
    "MP2": lambda: _sound(Mp2Encoder(_RATE, 2, "")),
}


def abilities() -> dict[str, object]:
    """FFmpeg's version, and why each encoder does not work, or nothing."""
    failures = {name: _failure(encode) for name, encode in _ENCODERS.items()}
    return {"ffmpeg": av.ffmpeg_version_info, "encoders": failures}


def _failure(encode: Callable[[], Iterable[Encoded]]) -> str:
    try:
        return "" if any(encoded.data for encoded in encode()) else "it made nothing"
    except Exception as error:
        return str(error) or type(error).__name__


def _pictures(encoder: VideoEncoder) -> list[Encoded]:
    return encoder.encode(Picture(_FRAME, 0.0, 1 / 30, 0), keyframe=True)


def _sound(encoder: SoundEncoder) -> Iterable[Encoded]:
    for number in range(10):
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.sample_rate, frame.pts = _RATE, number * 1024
        frame.time_base = Fraction(1, _RATE)
        yield from encoder.encode(Sound(frame, number * 1024 / _RATE, 0))


if __name__ == "__main__":
    json.dump(abilities(), sys.stdout)
