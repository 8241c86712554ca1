"""A stream fetched from somewhere: RTSP, RTMP, UDP, HTTP(S) with MJPEG, MPEG-TS, FLV or MP4."""

import errno
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import av.error
from av.container import InputContainer

from televise.errors import SourceError
from televise.media.byte_stream import Peeked, play
from televise.media.container import LIVE, explain, open_container
from televise.media.demuxer import Demuxer
from televise.media.http_stream import (
    OPEN_SECONDS,
    READ_SECONDS,
    Dial,
    HttpStream,
    dial,
)
from televise.media.jpeg_feed import JpegFeed
from televise.media.source import Feed

# A camera that gives one picture to each request is asked so often.
_SNAPSHOT_SECONDS = 0.2


@dataclass(frozen=True)
class _Way:
    protocols: str
    format: str
    options: Mapping[str, str] = field(default_factory=dict)


# Cameras that have no RTP over TCP refuse it (RFC 2326 section 11.3.14, status 461): UDP then.
_RTSP = {
    "rtsp_transport": "tcp+udp",
    "rtsp_flags": "prefer_tcp",
    "allowed_media_types": "video+audio",
}
_WAYS = {
    "rtsp": _Way("rtsp,rtp,tcp,udp", "rtsp", _RTSP),
    "rtsps": _Way("rtsps,rtsp,rtp,tls,tcp", "rtsp", {**_RTSP, "rtsp_transport": "tcp"}),
    "rtmp": _Way("rtmp,tcp", "flv"),
    "rtmps": _Way("rtmps,rtmp,tls,tcp", "flv"),
    "udp": _Way("udp", "mpegts", {"overrun_nonfatal": "1", "reuse": "1"}),
}


class PullSource:
    """Fetches ``url``; what it says in errors is ``shown``, which hides passwords.

    ``dial`` connects where it comes by HTTP. No error is final: a camera that starts up answers
    all kinds of things.
    """

    watched = True

    def __init__(self, url: str, shown: str, dial: Dial = dial) -> None:
        self._url = url
        self._shown = shown
        self._dial = dial

    def run(self, feed: Feed) -> None:
        """Feed until the stream ends, which is a SourceError too."""
        scheme = urlsplit(self._url).scheme
        if scheme in _WAYS:
            self._run(_WAYS[scheme], feed)
        else:
            self._run_http(feed)
        raise SourceError(f"{self._shown}: the stream has ended")

    def _run(self, way: _Way, feed: Feed) -> None:
        with self._open(way) as container:
            try:
                Demuxer(container).run(feed)
            except av.error.FFmpegError as error:
                raise explain(error, self._shown) from error

    def _open(self, way: _Way) -> InputContainer:
        tls = _tls_options() if "tls" in way.protocols else {}
        try:
            return open_container(
                self._url,
                way.protocols,
                format=way.format,
                options={**LIVE, **way.options, **tls},
                timeout=(OPEN_SECONDS, READ_SECONDS),
                shown=self._shown,
            )
        except SourceError as error:
            if tls and getattr(error.__cause__, "errno", 0) == errno.EIO:
                raise SourceError(f"{self._shown}: {_NO_TLS}") from error
            raise

    def _run_http(self, feed: Feed) -> None:
        """A stream; or one picture, again and again."""
        jpegs, pictures = JpegFeed(feed), 1
        while pictures == 1 and not feed.stopping:
            began = time.monotonic()
            with HttpStream(self._url, self._shown, self._dial) as stream:
                pictures = play(Peeked(stream), feed, self._shown, jpegs=jpegs)
            feed.wait(began + _SNAPSHOT_SECONDS - time.monotonic())


# FFmpeg tells no more than that.
_NO_TLS = (
    "no connection over TLS: where its certificate is not trusted, "
    "name a file with the right one in SSL_CERT_FILE"
)


def _tls_options() -> dict[str, str]:
    """Certificates are checked, against those of the system or what SSL_CERT_FILE names."""
    file = ssl.get_default_verify_paths().cafile
    return {"tls_verify": "1", **({"ca_file": file} if file else {})}
