"""Bytes that arrive: looks at the first of them, and plays what they are."""

import io
from typing import BinaryIO, Protocol, cast

import av.error

from televise.errors import FormatError, SourceError
from televise.formats.mpegts import SYNC
from televise.formats.transport_sections import TransportSections
from televise.media.container import LIVE, explain, open_container
from televise.media.demuxer import Demuxer
from televise.media.jpeg_feed import JpegFeed
from televise.media.source import Feed

# A JPEG picture; multipart (RFC 2046), as cameras send it.
_JPEGS = (b"\xff\xd8\xff", b"--", b"\r\n-")
_HEAD_BYTES = 3
# Any FLV might have sound too: how long it is waited for. Live ones begin with all that they have.
_FLV = {**LIVE, "analyzeduration": "500000"}


class Bytes(Protocol):
    """What can be read, and where `seekable` says so read elsewhere."""

    def read(self, size: int, /) -> bytes | None:
        """Some bytes as soon as there are any; b"" at the end."""

    def seekable(self) -> bool:
        """Whether `seek` works."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Read on elsewhere, as of `io`."""

    def tell(self) -> int:
        """How many bytes stand before the next."""


class Peeked:
    """``stream``, of which the first bytes, ``head``, are already known."""

    def __init__(self, stream: Bytes) -> None:
        self._stream = stream
        self.head = self._unread = self._read_head()
        self.seekable = stream.seekable

    def read(self, size: int) -> bytes:
        """Some bytes as soon as there are any; b"" at the end."""
        data, self._unread = self._unread[:size], self._unread[size:]
        return data or self._stream.read(size) or b""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Read on elsewhere; from the beginning or the end."""
        self._unread = b""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """How many bytes stand before the next."""
        return self._stream.tell() - len(self._unread)

    def _read_head(self) -> bytes:
        head = b""
        while len(head) < _HEAD_BYTES and (more := self._stream.read(_HEAD_BYTES - len(head))):
            head += more
        return head


def is_transport(head: bytes) -> bool:
    """Whether it looks like MPEG-TS (and not like a GIF)."""
    return head[:1] == bytes([SYNC]) and head != b"GIF"


def play(
    stream: Peeked,
    feed: Feed,
    shown: str,
    *,
    jpegs: JpegFeed,
    format: str = "",
    permanent: bool = False,
) -> int:
    """Feed until the end; how many JPEG pictures there were, 0 where it is something else.

    ``format`` is FFmpeg's name, ``jpeg``, or '' to find out. SourceError names ``shown``, and is
    final where ``permanent`` says so.
    """
    kind = format or _look(stream.head)
    try:
        if kind == "jpeg":
            return jpegs.run(stream.read)
        if kind == "mpegts":
            _play_transport(stream, feed, shown, permanent)
        else:
            _play_container(stream, feed, shown, permanent, kind)
    except av.error.FFmpegError as error:
        raise explain(error, shown, permanent=permanent) from error
    except FormatError as error:
        raise SourceError(f"{shown}: {error}", final=permanent) from error
    return 0


def _look(head: bytes) -> str:
    """What begins so; '' where FFmpeg knows better."""
    if head.startswith(_JPEGS):
        return "jpeg"
    return "mpegts" if is_transport(head) else ""


def _play_transport(stream: Peeked, feed: Feed, shown: str, permanent: bool) -> None:
    """MPEG-TS, with a new demuxer wherever its streams become others."""
    sections = _Sections(stream)
    while sections.next() and not feed.stopping:
        _play_container(sections, feed, shown, permanent, "mpegts")


def _play_container(stream: object, feed: Feed, shown: str, permanent: bool, format: str) -> None:
    place, options = cast("BinaryIO", stream), _FLV if format == "flv" else LIVE
    with open_container(
        place, "", format=format or None, options=options, shown=shown, permanent=permanent
    ) as container:
        Demuxer(container).run(feed)


class _Sections:
    """Reads one section after another; each ends as a file does."""

    def __init__(self, stream: Peeked) -> None:
        self._stream = stream
        self._sections = TransportSections()
        self._unread = b""
        self._ended = False

    def next(self) -> bool:
        """Begin the next section, if there is one."""
        self._unread = self._sections.resume()
        return not self._ended

    def read(self, size: int) -> bytes:
        while not self._unread and not self._sections.cut:
            data = self._stream.read(size)
            if not data:
                self._ended = True
                return b""
            self._unread = self._sections.feed(data)
        data, self._unread = self._unread[:size], self._unread[size:]
        return data
