"""``/NAME.mjpg``: JPEG pictures, as multipart/x-mixed-replace or one per WebSocket message."""

from aiohttp import web

from televise.formats import multipart
from televise.formats.websocket import binary_frame
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web import envelope
from televise.web.edge import Edge, Way
from televise.web.query import parse_query

EXTENSION = "mjpg"
MIME = "image/jpeg"
# Every picture is a keyframe: the newest wins.
MAX_LATENCY_SECONDS = 0.0
_BROWSER_START = multipart.browser_start(MIME)


def routes(edge: Edge) -> list[web.RouteDef]:
    """What this output answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        query = parse_query(request.query_string)
        rendition = query.rendition("mjpeg")
        latency = MAX_LATENCY_SECONDS if query.max_latency is None else query.max_latency
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await edge.socket(request, rendition, latency, BareMessages, ToldMessages)
        return await edge.endless(request, rendition, latency, _way(request))

    return [web.get(f"/{{name}}.{EXTENSION}", answer)]


def _way(request: web.Request) -> Way:
    """Browsers show a picture when the next part begins; others want to know its length."""
    browser = request.headers.get("User-Agent", "").startswith("Mozilla/")
    return Way(BrowserParts if browser else StrictParts, multipart.CONTENT_TYPE)


class BrowserParts(Muxer):
    """Parts for browsers."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        pass

    def mux(self, packet: Packet) -> Chunk:
        """The picture, and the head of the next part."""
        part = multipart.browser_part(packet.data, MIME)
        return Chunk(part, _BROWSER_START, True, packet.seconds)


class StrictParts(Muxer):
    """Parts with their length."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        pass

    def mux(self, packet: Packet) -> Chunk:
        """One whole part."""
        part = multipart.strict_part(packet.data, MIME, packet.captured)
        return Chunk(part, b"", True, packet.seconds)


class BareMessages(Muxer):
    """WebSocket messages that are nothing but JPEG."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        pass

    def mux(self, packet: Packet) -> Chunk:
        """One binary message."""
        return Chunk(binary_frame(packet.data), b"", True, packet.seconds)


class ToldMessages(Muxer):
    """WebSocket messages of ``televise.v1``."""

    def __init__(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        self._track = tracks[0]
        self._init = envelope.init(epoch, MIME, b"")

    def mux(self, packet: Packet) -> Chunk:
        """A text that says what follows, and the picture."""
        data = envelope.chunk(packet, self._track, packet.data)
        return Chunk(data, self._init, True, packet.seconds)
