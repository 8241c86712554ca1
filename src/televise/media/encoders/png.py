"""PNG pictures, each on its own: every pixel as it is (ISO/IEC 15948)."""

import io

from PIL import Image

from televise.media.encoders.encoded import Encoded, Picture
from televise.media.shaper import Shaper
from televise.model.track import Track

TIMESCALE = 90_000
# zlib: more costs much time and saves little.
COMPRESSION = 1


class PngEncoder:
    """Encodes pictures as PNG of 8 bit RGB, ``width`` x ``height``."""

    def __init__(self, width: int, height: int, reason: str) -> None:
        self._shaper = Shaper(width, height, "rgb24", full_range=True)
        self._track = Track("video", "png", TIMESCALE, width=width, height=height, reason=reason)

    def encode(self, picture: Picture, *, keyframe: bool) -> list[Encoded]:
        """One PNG; every one is a keyframe."""
        file = io.BytesIO()
        pixels = self._shaper.shape(picture).to_ndarray()
        Image.fromarray(pixels).save(file, "PNG", compress_level=COMPRESSION)
        ticks = round(picture.seconds * TIMESCALE)
        duration = round(picture.duration * TIMESCALE)
        data, captured, seconds = file.getvalue(), picture.captured, picture.seconds
        return [Encoded(self._track, data, ticks, ticks, duration, True, captured, seconds)]
