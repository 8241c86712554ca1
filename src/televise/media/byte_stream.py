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
from televise.media.patience import Patience
from televise.media.source import Feed

# A JPEG picture; multipart (RFC 2046), as cameras send it.
_JPEGS = (b"\xff\xd8\xff", b"--", b"\r\n-")
_HEAD_BYTES = 12
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
    """``stream``, of which the first bytes, ``head``, are already known.

    ``patience`` looks at what is read, while nothing of it has been understood.
    """

    def __init__(self, stream: Bytes) -> None:
        self._stream = stream
        self.head = self._unread = self._read_head()
        self.seekable = stream.seekable
        self.patience: Patience | None = None
        self._given_up = False

    def read(self, size: int) -> bytes:
        """Some bytes as soon as there are any; b"" at the end. FormatError, once, where
        ``patience`` has come to its end."""
        if self._given_up:
            return b""  # FFmpeg tries again
        data, self._unread = self._unread[:size], self._unread[size:]
        data = data or self._stream.read(size) or b""
        if self.patience is not None and data:
            self._given_up = True
            self.patience.look(data)
            self._given_up = False
        return data

    def is_understood(self) -> None:
        """Something of it can be shown."""
        self.patience = None

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
    return head[:1] == bytes([SYNC]) and not head.startswith(b"GIF")


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
    patience = stream.patience = Patience(kind, seekable=stream.seekable())
    try:
        if kind == "jpeg":
            return _play_jpegs(stream, jpegs, patience)
        if kind == "mpegts":
            _play_transport(stream, feed, shown, permanent)
        else:
            _play_container(stream, feed, shown, permanent, kind)
    except av.error.FFmpegError as error:
        raise explain(error, shown, permanent=permanent) from error
    except FormatError as error:
        raise SourceError(f"{shown}: {error}", final=permanent) from error
    except SourceError as error:
        is_strange = isinstance(error.__cause__, av.error.FFmpegError) and stream.patience
        if is_strange and (problem := patience.explain()):
            raise SourceError(f"{shown}: {problem}", final=permanent) from error
        raise
    return 0


def _play_jpegs(stream: Peeked, jpegs: JpegFeed, patience: Patience) -> int:
    count = jpegs.run(stream.read, stream.is_understood)
    if not count and (problem := patience.explain()):
        raise FormatError(problem)
    return count


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


def _play_container(
    stream: "Peeked | _Sections", feed: Feed, shown: str, permanent: bool, format: str
) -> None:
    place, options = cast("BinaryIO", stream), _FLV if format == "flv" else LIVE
    with open_container(
        place, "", format=format or None, options=options, shown=shown, permanent=permanent
    ) as container:
        stream.is_understood()
        Demuxer(container).run(feed)


class _Sections:
    """Reads one section after another; each ends as a file does."""

    def __init__(self, stream: Peeked) -> None:
        self._stream = stream
        self._sections = TransportSections()
        self.is_understood = stream.is_understood
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
