"""Standard input: whatever media format is piped in."""

import sys

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
        with open_container(sys.stdin.buffer, "", shown=shown) as container:
            demuxer = Demuxer(container)
            feed.opened(demuxer.inputs)
            try:
                demuxer.run(feed)
            except av.error.FFmpegError as error:
                raise explain(error, shown) from error
        raise SourceError("standard input has ended", final=True)
