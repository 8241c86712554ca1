"""Budget: how many encodings there may be, and how many pixels a second all of a hub."""

import os

from televise.model.allowed import ALLOWED
from televise.model.refusals import refuse
from televise.model.rendition import Rendition

MAX_RENDITIONS = ALLOWED["renditions"].usual
# About what one core encodes: two renditions of 1920x1080.
MEGAPIXELS_PER_CORE = 125
# So long a clip of the past is waited for: what takes longer to encode is encoded for nobody.
CLIP_SECONDS = 30
UNLIMITED = 1 << 31
# Where neither the rendition nor the source says it yet.
USUAL_SIZE, USUAL_FPS = (1920, 1080), 30.0


def usual_megapixels() -> int:
    """Of this machine."""
    return MEGAPIXELS_PER_CORE * (os.cpu_count() or 1)


class Budget:
    """``renditions`` of a channel and ``megapixels`` a second of all channels may differ from
    their sources (0: what this machine can); what is as the source is costs nothing."""

    def __init__(self, renditions: int = MAX_RENDITIONS, megapixels: int = 0) -> None:
        self.renditions = renditions
        self.megapixels = megapixels or usual_megapixels()
        self._pixels = 0.0

    def set(self, renditions: int, megapixels: int) -> None:
        """From now on; what is encoded goes on."""
        self.renditions, self.megapixels = renditions, megapixels or usual_megapixels()

    @property
    def used(self) -> float:
        """Megapixels a second that are encoded now."""
        return self._pixels / 1e6

    def lacks(self, pixels: float) -> float:
        """How many pixels a second are missing for so many more."""
        return max(0.0, self._pixels + pixels - self.megapixels * 1e6)

    def check(self, pixels: float, freed: float) -> None:
        """LimitReached where so many more are too many, when ``freed`` are given back."""
        if self.lacks(pixels) > freed:
            raise refuse(
                "megapixels",
                f"that is {pixels / 1e6:.0f} megapixels a second, and all encodings together may "
                f"have {self.megapixels}: ask for a smaller w, h or fps, or later",
            )

    def check_clip(self, pixels: float) -> None:
        """LimitReached where a clip with so many in all its pictures is too much."""
        if pixels > (most := self.megapixels * CLIP_SECONDS) * 1e6:
            raise refuse(
                "megapixels",
                f"the pictures of that clip have {pixels / 1e6:.0f} megapixels, and may have "
                f"{most}: ask for a smaller w, h, fps or d",
            )

    def take(self, pixels: float) -> None:
        """They are encoded from now on."""
        self._pixels += pixels

    def give_back(self, pixels: float) -> None:
        """They are encoded no more."""
        self._pixels = max(0.0, self._pixels - pixels)


def cost(rendition: Rendition, size: tuple[int, int]) -> float:
    """Pixels a second of a ``rendition`` of a source of this ``size`` (zeros: not known)."""
    if rendition.untouched:
        return 0.0
    width, height = rendition.fit(*(size if all(size) else USUAL_SIZE))
    return width * height * (rendition.fps or USUAL_FPS)
