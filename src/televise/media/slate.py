"""Slate: what viewers see while a source has nothing to show: its last picture, dimmed, and why."""

from dataclasses import replace

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from televise.media.drawing import TEXT, text
from televise.media.encoders.encoded import Picture

# Of the last picture's light so much is left; behind the words still less.
_DIM, _BAND_DIM = 0.4, 0.35
_LEAST_TEXT = 9.0


class Slate:
    """Made of ``last``; each picture of it may have other words."""

    def __init__(self, last: Picture) -> None:
        # It is turned for show, as are the words: only where there is no need for that they are
        # upright, which is nearly always.
        frame = VideoReformatter().reformat(last.frame, format="rgb24")
        self._pixels = (frame.to_ndarray() * _DIM).astype(np.uint8)
        self._last = last

    def picture(self, words: str, seconds: float, captured: int, duration: float) -> Picture:
        """It with ``words`` in the middle, at ``seconds`` of media time."""
        pixels = self._pixels.copy()
        height, width = pixels.shape[:2]
        size = max(_LEAST_TEXT, min(height / 16, 1.7 * width / max(1, len(words))))
        band = slice(max(0, round(height / 2 - size)), round(height / 2 + size))
        pixels[band] = pixels[band] * _BAND_DIM
        text(pixels, words, size, TEXT, (width / 2, height / 2))
        frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
        return replace(
            self._last, frame=frame, seconds=seconds, captured=captured, duration=duration
        )


def words_for(state: str, silence: float) -> str:
    """What a slate says of a source in ``state`` that has been silent for so many seconds."""
    if silence < 60:
        ago = f"{silence:.0f} s"
    elif silence < 3600:
        ago = f"{silence // 60:.0f} min"
    else:
        ago = f"{silence // 3600:.0f} h"
    return f"signal lost {ago} ago" if state == "offline" else f"no picture for {ago}"
