"""JPEG pictures, each on its own (libjpeg-turbo)."""

import numpy as np
import simplejpeg

from televise.media.encoders.encoded import Encoded, Picture
from televise.media.planes import pixel_planes
from televise.media.shaper import Shaper
from televise.model.track import Track

TIMESCALE = 90_000
DEFAULT_QUALITY = 80


class JpegEncoder:
    """Encodes pictures as baseline JPEG 4:2:0, ``width`` x ``height``, ``quality`` 1 to 100."""

    def __init__(self, width: int, height: int, quality: int, reason: str) -> None:
        self._shaper = Shaper(width, height, "yuvj420p", full_range=True)
        self._quality = quality or DEFAULT_QUALITY
        self._track = Track("video", "mjpeg", TIMESCALE, width=width, height=height, reason=reason)

    def encode(self, picture: Picture, *, keyframe: bool) -> list[Encoded]:
        """One JPEG; every one is a keyframe."""
        frame = self._shaper.shape(picture)
        y, u, v = (np.ascontiguousarray(plane) for plane in pixel_planes(frame))
        data = simplejpeg.encode_jpeg_yuv_planes(y, u, v, quality=self._quality)
        ticks = round(picture.seconds * TIMESCALE)
        duration = round(picture.duration * TIMESCALE)
        return [
            Encoded(
                self._track, data, ticks, ticks, duration, True, picture.captured, picture.seconds
            )
        ]
