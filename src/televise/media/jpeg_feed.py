"""JpegFeed: JPEG pictures that come one by one, without a time, as a source's video."""

import time
from collections.abc import Callable
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext

from televise.errors import FormatError
from televise.formats import jpeg
from televise.formats.jpeg_splitter import JpegSplitter
from televise.media.container import prepare
from televise.media.pixels import too_large
from televise.media.source import AnyPacket, Feed, Input

TIME_BASE = Fraction(1, 90_000)
# Pictures that come at once are so far apart.
_LEAST_STEP = 1 / 120
_READ_BYTES = 65536


class Arrivals:
    """When pictures come that carry no time."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def next(self) -> int:
        """The time of one that is here now, in units of `TIME_BASE`; later than the last one's."""
        self._seconds = max(time.monotonic(), self._seconds + _LEAST_STEP)
        return round(self._seconds / TIME_BASE)


class JpegFeed:
    """Hands pictures on untouched, each at the time at which it came."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._open = False
        self._arrivals = Arrivals()

    def run(self, read: Callable[[int], bytes], is_understood: Callable[[], None]) -> int:
        """All pictures of a stream until ``read`` gives b""; how many there were. It calls
        ``is_understood`` when there is one.

        FormatError where they are too large.
        """
        splitter, count = JpegSplitter(), 0
        while not self._feed.stopping and (data := read(_READ_BYTES)):
            for picture in splitter.feed(data):
                count += self.put(picture)
            if count:
                is_understood()
        return count

    def put(self, picture: bytes, captured: int = 0) -> bool:
        """One picture, ``captured`` Unix nanoseconds (0: just now); false where it is damaged."""
        try:
            width, height = jpeg.size(picture)
        except FormatError:
            return False
        if not self._open:
            self._feed.opened([jpeg_input(width, height)])
            self._open = True
        packet = jpeg_packet(picture, self._arrivals.next(), TIME_BASE)
        self._feed.packet(0, packet, captured)
        return True


def jpeg_packet(picture: bytes, time: int, time_base: Fraction) -> AnyPacket:
    """A JPEG picture at ``time``, as a demuxer would give it."""
    packet = av.Packet(picture)
    packet.pts = packet.dts = time
    packet.time_base = time_base
    packet.is_keyframe = True
    return packet


def jpeg_input(width: int, height: int, rate: float = 0.0) -> Input:
    """What a source of JPEG pictures has (``rate``: pictures a second), with a decoder.

    FormatError for too large ones.
    """
    if problem := too_large(width, height):
        raise FormatError(f"its pictures have {problem}")
    decoder = VideoCodecContext.create("mjpeg", "r")
    prepare(decoder)
    return Input("video", "mjpeg", decoder, width=width, height=height, rate=rate)
