"""An endless GIF, for our own URLs and for dialects: what may be asked for, and its bytes."""

from dataclasses import dataclass
from functools import lru_cache

from televise.errors import InputError
from televise.formats import gif
from televise.hub.muxed import MAX_LATENCY_SECONDS, Chunk, Muxer
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track
from televise.web.query import MAX_BURST_SECONDS, parse_query

MIME = "image/gif"
DEFAULT_FPS, DEFAULT_LATENCY_SECONDS = 10, 0.5
# Browsers show each frame for 20 ms; the rest is to catch up with.
MAX_FPS = 40


@dataclass(frozen=True, slots=True)
class GifQuery:
    """What was asked for. ``burst``: how many seconds of the past a viewer begins with;
    ``max_latency``: how far it may lag, which is further while it has the past to catch up with."""

    rendition: Rendition
    max_latency: float
    burst: float


def parse_gif_query(text: str) -> GifQuery:
    """Understand a query. InputError for a value that cannot be."""
    query = parse_query(text)
    rendition = query.rendition("gif", fps=DEFAULT_FPS)
    if rendition.fps > MAX_FPS:
        raise InputError(
            f"fps={rendition.fps:g}: from 0.1 to {MAX_FPS} (pictures per second of a GIF)"
        )
    latency = query.latency(DEFAULT_LATENCY_SECONDS)
    return GifQuery(rendition, query.burst + latency, query.burst)


class EndlessGif(Muxer):
    """The header and all frames, one after another.

    A file has one header; that is why the same one goes on where only the epoch is new.
    """

    keep_seconds = MAX_BURST_SECONDS + MAX_LATENCY_SECONDS
    one_init = True

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._track = tracks[0]
        self._init = self._frame_init(epoch)

    def mux(self, packet: Packet) -> Chunk:
        """One frame."""
        return Chunk(self._frame(packet), self._init, packet.keyframe, packet.seconds)

    def _frame_init(self, epoch: int) -> bytes:
        return _header(self._track.width, self._track.height)

    def _frame(self, packet: Packet) -> bytes:
        return packet.data


@lru_cache(maxsize=64)
def _header(width: int, height: int) -> bytes:
    """The very same bytes for the same size, by which a viewer is known to have them."""
    return gif.header(width, height)
