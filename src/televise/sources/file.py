"""A media file, played for ever at its own speed, without a seam in time."""

from pathlib import Path

import av.error

from televise.errors import SourceError
from televise.media.container import explain, open_container
from televise.media.demuxer import Demuxer
from televise.media.source import Feed


class FileSource:
    """Plays the file at ``path`` over and over; each pass continues the timestamps of the last."""

    watched = False

    def __init__(self, path: str) -> None:
        self._path = path

    def run(self, feed: Feed) -> None:
        """Feed until stopped. SourceError where the file is missing or is not media."""
        place = f"file:{Path(self._path).absolute()}"
        with open_container(place, "file", shown=self._path) as container:
            try:
                self._play(Demuxer(container), feed)
            except av.error.FFmpegError as error:
                raise explain(error, self._path) from error

    def _play(self, demuxer: Demuxer, feed: Feed) -> None:
        demuxer.find_rotation()
        feed.opened(demuxer.inputs, paced=True)
        begin = 0.0
        while not feed.stopping:
            end = demuxer.run_in_order(feed, begin)
            if end <= begin and not feed.stopping:
                raise SourceError(f"{self._path}: has no pictures and no sound in it", final=True)
            begin = end
            demuxer.rewind()
