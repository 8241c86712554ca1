"""PictureFeed: whole pictures of any format, still or animated, as a source's video."""

import io
from collections.abc import Iterator

import av
import av.error
import numpy as np
from PIL import Image, ImageOps, ImageSequence

from televise.errors import FormatError
from televise.formats.picture import Picture
from televise.media.container import explain
from televise.media.jpeg_feed import TIME_BASE, Arrivals, jpeg_input, jpeg_packet
from televise.media.pixels import too_large
from televise.media.playback import STILL_SECONDS
from televise.media.source import Feed, Input

# What browsers make of an animation's delay of 10 ms or less.
_HASTY_SECONDS, _HASTY_MEANS_SECONDS = 0.01, 0.1
_USUAL_RATE = 25.0
_ORIENTATION = 0x0112  # Exif 2.3 section 4.6.4; 1 is upright


class PictureFeed:
    """Hands JPEG pictures on untouched; from the first of another format on, decodes all of them.

    ``rate`` is pictures per second, 0 where they come as they like.
    """

    def __init__(self, feed: Feed, rate: float) -> None:
        self._feed = feed
        self._rate = rate
        self._codec = ""
        self._arrivals = Arrivals()

    def play(self, picture: Picture) -> Iterator[tuple[float, bool]]:
        """Feed ``picture`` again and again, each time that the next is wanted of this.

        Yields after how many seconds that should be, and whether all of the picture has then been
        seen. FormatError where it is too large or damaged, or FFmpeg cannot take it.
        """
        check_size(picture)
        while True:
            if picture.kind == "jpeg" and self._codec != "rawvideo" and _is_upright(picture):
                self._feed_jpeg(picture)
                yield STILL_SECONDS, True
                continue
            waiting: tuple[av.VideoFrame, float] | None = None
            for following in decode(picture):
                if waiting is not None:
                    yield self._feed_frame(*waiting), False
                waiting = following
            if waiting is not None:
                yield self._feed_frame(*waiting), True

    def _feed_jpeg(self, picture: Picture) -> None:
        if not self._codec:
            self._codec = "mjpeg"
            self._feed.opened([jpeg_input(picture.width, picture.height, self._rate)])
        self._feed.packet(0, jpeg_packet(picture.data, self._arrivals.next(), TIME_BASE))

    def _feed_frame(self, frame: av.VideoFrame, seconds: float) -> float:
        if self._codec != "rawvideo":
            self._codec = "rawvideo"
            rate = self._rate or _USUAL_RATE
            video = Input("video", "rawvideo", width=frame.width, height=frame.height, rate=rate)
            self._feed.opened([video])
        frame.pts, frame.time_base = self._arrivals.next(), TIME_BASE
        try:
            self._feed.frame(0, frame)
        except av.error.FFmpegError as error:
            raise FormatError(str(explain(error, "it cannot be shown"))) from error
        return seconds


def decode(picture: Picture) -> Iterator[tuple[av.VideoFrame, float]]:
    """Its frames as RGB, upright and on white, and for how many seconds each is to be seen.

    FormatError where it is damaged.
    """
    try:
        file = io.BytesIO(picture.data)
        with Image.open(file, formats=[picture.kind.upper()]) as image:
            is_animated = getattr(image, "is_animated", False)
            for each in ImageSequence.Iterator(image):
                frame = av.VideoFrame.from_ndarray(np.asarray(_rgb(each)), "rgb24")
                yield frame, _delay(each) if is_animated else STILL_SECONDS
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise FormatError(f"the {picture.kind.upper()} is damaged") from error


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("RGB")


def _delay(image: Image.Image) -> float:
    seconds = float(image.info.get("duration", 0)) / 1000
    return seconds if seconds > _HASTY_SECONDS else _HASTY_MEANS_SECONDS


def _is_upright(picture: Picture) -> bool:
    if b"Exif\0\0" not in picture.data:
        return True
    try:
        with Image.open(io.BytesIO(picture.data), formats=["JPEG"]) as image:
            return bool(image.getexif().get(_ORIENTATION, 1) == 1)
    except (OSError, SyntaxError, ValueError) as error:
        raise FormatError("the JPEG is damaged") from error


def check_size(picture: Picture) -> None:
    """Before anything is unpacked: a few bytes can make any number of pixels. FormatError."""
    if problem := too_large(picture.width, picture.height):
        raise FormatError(f"it has {problem}")
