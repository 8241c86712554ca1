"""Bytes that arrive: looks at the first of them, and plays what they are."""

import io
from typing import BinaryIO, Protocol, cast

import av.error

from televise.errors import FormatError, SourceError
from televise.media.container import LIVE, explain, open_container
from televise.media.demuxer import Demuxer
from televise.media.jpeg_feed import JpegFeed
from televise.media.source import Feed

# A JPEG picture; multipart (RFC 2046), as cameras send it.
_JPEGS = (b"\xff\xd8\xff", b"--", b"\r\n-")
_HEAD_BYTES = 3


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


def play(
    stream: Peeked, feed: Feed, shown: str, *, jpegs: JpegFeed, permanent: bool = False
) -> int:
    """Feed until the end; how many JPEG pictures there were, 0 where it is something else.

    SourceError names ``shown``, and is final where ``permanent`` says so.
    """
    try:
        if stream.head.startswith(_JPEGS):
            return jpegs.run(stream.read)
        place = cast("BinaryIO", stream)
        with open_container(place, "", options=LIVE, shown=shown, permanent=permanent) as container:
            Demuxer(container).run(feed)
    except av.error.FFmpegError as error:
        raise explain(error, shown, permanent=permanent) from error
    except FormatError as error:
        raise SourceError(f"{shown}: {error}", final=permanent) from error
    return 0
