"""A media file, played for ever at its own speed, without a seam in time."""

from dataclasses import replace
from pathlib import Path

import av.error
from av.container import InputContainer

from televise.errors import SourceError
from televise.media.container import explain, open_container
from televise.media.demuxer import Demuxer
from televise.media.pixels import limit
from televise.media.playback import Playback
from televise.media.source import Feed, Input


class FileSource:
    """Plays the file at ``path`` over and over; each pass continues the timestamps of the last."""

    watched = False

    def __init__(self, path: str) -> None:
        self._path = path
        self._inputs: list[Input] = []

    def run(self, feed: Feed) -> None:
        """Feed until stopped, or until the file is another. SourceError where it is not media."""
        try:
            with self._open() as container:
                still = self._begin(Demuxer(container), feed)
            begin = 0.0
            while not feed.stopping:
                with self._open() as container:
                    demuxer = Demuxer(container)
                    if self._is_another(demuxer):
                        return
                    end = Playback(demuxer, begin, still=still).run(feed)
                if end <= begin and not feed.stopping:
                    raise SourceError(f"{self._path}: has nothing to show in it", final=True)
                begin = end
        except av.error.FFmpegError as error:
            raise explain(error, self._path, permanent=True) from error

    def _open(self) -> InputContainer:
        place = f"file:{Path(self._path).absolute()}"
        return open_container(place, "file", shown=self._path, permanent=True)

    def _begin(self, demuxer: Demuxer, feed: Feed) -> bool:
        """Tell what is in the file; returns whether it is one picture."""
        if any(source.kind == "video" and not source.width for source in demuxer.inputs):
            damage = f"damaged or larger than {limit()} pixels"
            raise SourceError(f"{self._path}: its pictures are {damage}", final=True)
        still = demuxer.is_single_picture()
        demuxer.find_rotation()
        self._inputs = list(demuxer.inputs)
        feed.opened(demuxer.inputs, paced=True)
        return still

    def _is_another(self, demuxer: Demuxer) -> bool:
        """Whether the file has been replaced by one that the decoders do not fit."""
        return [_identity(source) for source in demuxer.inputs] != [
            _identity(source) for source in self._inputs
        ]


def _identity(source: Input) -> Input:
    return replace(source, decoder=None, rotation=0)
