"""Standard input: whatever media format is piped in."""

import io
import sys
from typing import BinaryIO, cast

import av.error

from televise.errors import SourceError
from televise.media.container import LIVE, explain, open_container
from televise.media.demuxer import Demuxer
from televise.media.source import Feed

_SHOWN = "standard input"
_JPEG = b"\xff\xd8\xff"


class StdinSource:
    """Plays what arrives on standard input, once, as it arrives."""

    watched = False

    def run(self, feed: Feed) -> None:
        """Feed until the input ends. SourceError, final, where it ends or is not media."""
        # Not the buffered reader: that one waits until all that was asked for is there.
        pipe = _Pipe(io.FileIO(sys.stdin.fileno(), closefd=False))
        # FFmpeg would look at a megabyte before it believes in a series of JPEGs.
        format = "mjpeg" if pipe.head == _JPEG else None
        place = cast("BinaryIO", pipe)
        with open_container(
            place, "", format=format, options=LIVE, shown=_SHOWN, permanent=True
        ) as container:
            try:
                Demuxer(container).run(feed)
            except av.error.FFmpegError as error:
                raise explain(error, _SHOWN, permanent=True) from error
        raise SourceError("standard input has ended", final=True)


class _Pipe:
    """Reads a file of which the first bytes, ``head``, are already known."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self.head = self._unread = self._read_head()
        if file.seekable() and self.head:
            self._unread = b""
            file.seek(-len(self.head), io.SEEK_CUR)
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int) -> bytes:
        data, self._unread = self._unread[:size], self._unread[size:]
        return data or self._file.read(size) or b""

    def _read_head(self) -> bytes:
        head = b""
        while len(head) < len(_JPEG) and (more := self._file.read(len(_JPEG) - len(head))):
            head += more
        if not head:
            raise SourceError("standard input is empty", final=True)
        return head
