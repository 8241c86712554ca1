"""Parts: JPEG pictures as multipart/x-mixed-replace, for browsers and for strict clients."""

from collections.abc import Mapping

from aiohttp import web

from televise.formats import multipart
from televise.hub.each import Each
from televise.hub.muxed import Muxer
from televise.model.track import Track
from televise.web.forms import Way

MIME = "image/jpeg"
# Every picture is a keyframe: the newest wins.
MAX_LATENCY_SECONDS = 0.0


class Parts:
    """Pictures between ``boundary``; ``headers`` are those of the whole answer."""

    def __init__(
        self, boundary: str = multipart.BOUNDARY, headers: Mapping[str, str] | None = None
    ) -> None:
        self._boundary = boundary
        self._headers = headers or {}
        self._start = multipart.browser_start(MIME, boundary)

    def way(self, request: web.Request) -> Way:
        """Browsers show a picture when the next part begins; others want to know its length."""
        browser = request.headers.get("User-Agent", "").startswith("Mozilla/")
        muxer = self.for_browsers if browser else self.strict
        return Way(muxer, multipart.content_type(self._boundary), self._headers)

    def for_browsers(self, epoch: int, tracks: tuple[Track, ...]) -> Muxer:
        """Each picture, and the head of the next part."""
        return Each(
            lambda packet: multipart.browser_part(packet.data, MIME, self._boundary), self._start
        )

    def strict(self, epoch: int, tracks: tuple[Track, ...]) -> Muxer:
        """Whole parts, with their length and time."""
        return Each(
            lambda packet: multipart.strict_part(packet.data, MIME, packet.captured, self._boundary)
        )


# As our own streams have them.
OURS = Parts()
