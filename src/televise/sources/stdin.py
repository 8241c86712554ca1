"""Standard input: whatever media format is piped in."""

import io
import sys
from typing import BinaryIO, cast

import av.error

from televise.errors import SourceError
from televise.media.container import explain, open_container
from televise.media.demuxer import Demuxer
from televise.media.source import Feed


class StdinSource:
    """Plays what arrives on standard input, once, as it arrives."""

    watched = False

    def run(self, feed: Feed) -> None:
        """Feed until the input ends. SourceError, final, where it ends or is not media."""
        shown = "standard input"
        # Not the buffered reader: that one waits until all that was asked for is there.
        unbuffered = cast("BinaryIO", io.FileIO(sys.stdin.fileno(), closefd=False))
        with open_container(unbuffered, "", shown=shown, permanent=True) as container:
            try:
                Demuxer(container).run(feed)
            except av.error.FFmpegError as error:
                raise explain(error, shown, permanent=True) from error
        raise SourceError("standard input has ended", final=True)
