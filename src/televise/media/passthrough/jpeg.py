"""JPEG pictures of a source (MJPEG), as they are."""

from collections.abc import Iterator
from dataclasses import replace

from televise.errors import FormatError, Unfit
from televise.formats import jpeg
from televise.media.encoders.encoded import Encoded
from televise.media.passthrough.path import UNTOUCHED, VIDEO_TIMESCALE, shown_at_once
from televise.media.pixels import MAX_PIXELS, too_large
from televise.media.source import Input
from televise.media.unit import Unit
from televise.model.track import Track

MAX_BYTES = 4 << 20
_HUFFMAN_TABLES = b"\xff\xc4"  # never part of picture data, where FF is followed by 0


class JpegPath:
    """JPEG pictures of a source (MJPEG); a new size makes a new track."""

    def __init__(self, source: Input) -> None:
        self._track: Track | None = None

    def packets(self, unit: Unit) -> Iterator[Encoded]:
        """The picture as it is."""
        if _HUFFMAN_TABLES not in unit.data:
            raise Unfit("its JPEG pictures have no Huffman tables")
        if len(unit.data) > MAX_BYTES:
            raise Unfit(f"its JPEG pictures have more than {MAX_BYTES >> 20} MB")
        track = self._track_for(*jpeg.size(unit.data))
        yield shown_at_once(track, unit.data, unit, keyframe=True)

    def _track_for(self, width: int, height: int) -> Track:
        if problem := too_large(width, height):
            raise FormatError(f"it has {problem}")
        if width * height > MAX_PIXELS:
            raise Unfit(f"its pictures have {width}x{height} pixels")
        known = self._track
        if known is None or (known.width, known.height) != (width, height):
            known = Track("video", "mjpeg", VIDEO_TIMESCALE, width=width, height=height)
            self._track = known = replace(known, delivery="passthrough", reason=UNTOUCHED)
        return known


def unfit(source: Input) -> str:
    """Why pictures of ``source`` cannot go untouched to browsers as JPEG; '' where they can."""
    if source.codec != "mjpeg" or source.decoder is None:
        return "JPEG pictures were asked for"
    if source.rotation:
        return f"it has to be turned by {source.rotation} degrees"
    return "" if source.pixel_aspect == 1 else "its pixels are not square"
