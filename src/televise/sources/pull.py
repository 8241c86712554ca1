"""A stream fetched from somewhere: RTSP, RTMP, HTTP(S) with MJPEG, MPEG-TS, FLV or MP4."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import av.error

from televise.errors import SourceError
from televise.media.container import LIVE, explain, open_container
from televise.media.demuxer import Demuxer
from televise.media.source import Feed

OPEN_SECONDS = 5.0
# A source that says nothing for so long is opened again.
READ_SECONDS = 10.0


@dataclass(frozen=True)
class _Way:
    protocols: str
    format: str | None = None
    options: dict[str, str] = field(default_factory=dict)


_WAYS = {
    "rtsp": _Way(
        "rtsp,rtp,tcp", "rtsp", {"rtsp_transport": "tcp", "allowed_media_types": "video+audio"}
    ),
    "rtmp": _Way("rtmp,tcp", "flv"),
    "http": _Way("http,tcp"),
    "https": _Way("https,tls,tcp"),
}


class PullSource:
    """Fetches ``url``; what it says in errors is ``shown``, which hides passwords.

    None of them is final: a camera that starts up answers all kinds of things.
    """

    watched = True

    def __init__(self, url: str, shown: str) -> None:
        self._url = url
        self._shown = shown

    def run(self, feed: Feed) -> None:
        """Feed until the stream ends, which is a SourceError too."""
        way = _WAYS[urlsplit(self._url).scheme]
        with open_container(
            self._url,
            way.protocols,
            format=way.format,
            options=LIVE | way.options,
            timeout=(OPEN_SECONDS, READ_SECONDS),
            shown=self._shown,
        ) as container:
            try:
                Demuxer(container).run(feed)
            except av.error.FFmpegError as error:
                raise explain(error, self._shown) from error
        raise SourceError(f"{self._shown}: the stream has ended")
