"""Standard input: whatever media format is piped in."""

import io
import sys

from televise.errors import SourceError
from televise.media.byte_stream import Peeked, play
from televise.media.jpeg_feed import JpegFeed
from televise.media.source import Feed


class StdinSource:
    """Plays what arrives on standard input, once, as it arrives."""

    watched = False

    def run(self, feed: Feed) -> None:
        """Feed until the input ends. SourceError, final, where it ends or is not media."""
        # Not the buffered reader: that one waits until all that was asked for is there.
        pipe = Peeked(io.FileIO(sys.stdin.fileno(), closefd=False))
        if not pipe.head:
            raise SourceError("standard input is empty", final=True)
        play(pipe, feed, "standard input", jpegs=JpegFeed(feed), permanent=True)
        raise SourceError("standard input has ended", final=True)
