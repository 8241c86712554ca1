"""Pictures: JPEG over HTTP, one, or as multipart/x-mixed-replace with an original's boundary."""

from collections.abc import Mapping

from aiohttp import web

from televise.dialects.each import Each
from televise.hub.channel import Channel
from televise.hub.muxed import Muxer
from televise.model.packet import Packet
from televise.model.track import Track
from televise.web.edge import Edge, Way
from televise.web.newest import newest
from televise.web.query import parse_query

# Every picture is a keyframe: the newest wins.
MAX_LATENCY_SECONDS = 0.0
# What several originals say, to the letter.
OLD_HEADERS = {
    "Cache-Control": "no-store, no-cache, must-revalidate, pre-check=0, post-check=0, max-age=0",
    "Connection": "close",
    "Expires": "Mon, 3 Jan 2000 12:34:56 GMT",
    "Pragma": "no-cache",
}


class Multipart:
    """Pictures between ``boundary``; ``headers`` are those of the whole answer.

    Browsers show a part only when the next one begins, so they get the next part's head with each
    picture, and no lengths; others get whole parts with length and time.
    """

    def __init__(self, boundary: str, headers: Mapping[str, str] | None = None) -> None:
        self._content_type = f"multipart/x-mixed-replace;boundary={boundary}"
        self._headers = headers or {}
        self._opening = f"--{boundary}\r\nContent-Type: image/jpeg\r\n".encode()

    async def answer(
        self, edge: Edge, request: web.Request, channel: Channel
    ) -> web.StreamResponse:
        """The pictures of ``channel``, as the query wants them."""
        query = parse_query(request.query_string)
        latency = MAX_LATENCY_SECONDS if query.max_latency is None else query.max_latency
        browser = request.headers.get("User-Agent", "").startswith("Mozilla/")
        muxer = self.for_browsers if browser else self.strict
        way = Way(muxer, self._content_type, self._headers)
        return await edge.endless(request, query.rendition("mjpeg"), latency, way, channel=channel)

    def for_browsers(self, epoch: int, tracks: tuple[Track, ...]) -> Muxer:
        """The muxer for clients that show pictures as they come."""
        opening = self._opening + b"\r\n"
        return Each(lambda packet: packet.data + b"\r\n" + opening, opening)

    def strict(self, epoch: int, tracks: tuple[Track, ...]) -> Muxer:
        """The muxer for clients that take a part by its length."""
        return Each(self._whole)

    def _whole(self, packet: Packet) -> bytes:
        rest = f"Content-Length: {len(packet.data)}\r\nX-Timestamp: {timestamp(packet)}\r\n\r\n"
        return b"".join((self._opening, rest.encode(), packet.data, b"\r\n"))


def timestamp(packet: Packet) -> str:
    """When it was captured: Unix seconds with microseconds."""
    seconds, micros = divmod(packet.captured // 1000, 1_000_000)
    return f"{seconds}.{micros:06d}"


async def asked_newest(edge: Edge, request: web.Request, channel: Channel) -> Packet:
    """The newest picture, as the query wants it; Unavailable where there is none."""
    rendition = parse_query(request.query_string).rendition("mjpeg")
    return await newest(edge, request, channel, rendition)
