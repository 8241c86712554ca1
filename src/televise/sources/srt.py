"""SRT, which the FFmpeg of PyAV lacks: the program ffmpeg fetches it, and hands on MPEG-TS."""

import importlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from urllib.parse import parse_qs, urlsplit

from televise.errors import SourceError
from televise.link.orphans import ending_with_parent
from televise.media.byte_stream import Bytes, Peeked, play
from televise.media.jpeg_feed import JpegFeed
from televise.media.source import Feed
from televise.model.source import listens

# The URL comes in a list on standard input: arguments, and so its passphrase, are seen by everyone.
_COMMAND = (
    *("-v", "quiet", "-probesize", "500000", "-analyzeduration", "500000", "-fflags", "nobuffer"),
    *("-protocol_whitelist", "pipe,srt,udp", "-f", "concat", "-safe", "0", "-i", "pipe:0"),
    *("-map", "0:v?", "-map", "0:a?", "-c", "copy", "-muxdelay", "0", "-muxpreload", "0"),
    *("-flush_packets", "1", "-f", "mpegts", "pipe:1"),
)


class SrtSource:
    """Fetches ``url``, or listens where it has no host; errors show it as ``shown``."""

    watched = True

    def __init__(self, url: str, shown: str) -> None:
        self._url = url
        self._shown = shown

    def run(self, feed: Feed) -> None:
        """Feed until the stream ends, which is a SourceError too."""
        program = _find_ffmpeg()
        if not program:
            help = "apt install ffmpeg, or pip install 'televise[srt]'"
            raise SourceError(f"{self._shown}: srt:// needs ffmpeg: {help}")
        with _running(program, _listed(self._url)) as output:
            stream = Peeked(output)
            if not stream.head:
                raise SourceError(
                    f"{self._shown}: no answer, or the passphrase is not the right one"
                )
            play(stream, feed, self._shown, jpegs=JpegFeed(feed))
        raise SourceError(f"{self._shown}: the stream has ended")


def _find_ffmpeg() -> str:
    """The system's, or that of the package imageio-ffmpeg; '' where there is none."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return ""


def _listed(url: str) -> str:
    """A list for FFmpeg's concat demuxer, with this one URL in it."""
    query = urlsplit(url).query
    if listens(url) and "mode" not in parse_qs(query):
        url += ("&" if query else "?") + "mode=listener"
    quoted = url.replace("'", "'\\''")
    return f"file '{quoted}'\n"


@contextmanager
def _running(program: str, listed: str) -> Iterator[Bytes]:
    """What ``program`` writes, while it runs."""
    process = subprocess.Popen(
        [program, *_COMMAND],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # The hub ends a worker without a warning, and nothing may be left of it.
        preexec_fn=ending_with_parent(signal.SIGKILL),  # noqa: PLW1509
    )
    with process:
        assert process.stdin is not None
        try:
            process.stdin.write(listed.encode())
            process.stdin.close()
            yield cast("Bytes", process.stdout)
        finally:
            process.kill()
