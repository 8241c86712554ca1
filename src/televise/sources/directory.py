"""A directory into which pictures, or segments of a film, are written."""

from collections.abc import Callable
from pathlib import PurePath

from televise.link.messages import State
from televise.media import segments, slideshow
from televise.media.folder import Folder
from televise.media.segments import Segments
from televise.media.slideshow import Slideshow
from televise.media.source import Feed
from televise.model.options import DirectoryOptions

_LOOK_SECONDS = 0.5


class DirectorySource:
    """Plays what is in the directory ``options.path``: what its newest file is, all are taken for.

    ``tell`` hears one line about each file that is of no use.
    """

    # Pictures may take their time; segments that are missed are told of where they are played.
    watched = False

    def __init__(self, options: DirectoryOptions, tell: Callable[[str], None]) -> None:
        self._options = options
        self._tell = tell

    def run(self, feed: Feed) -> None:
        """Feed until stopped. SourceError, not final, where the directory cannot be read."""
        options, suffixes = self._options, slideshow.SUFFIXES | segments.SUFFIXES
        with Folder(options.path, suffixes, deletes=options.delete, tell=self._tell) as folder:
            there = folder.look()
            if not there:
                text = f"{options.path}: there is no picture and no segment in it yet"
                feed.set_state(State("connecting", text))
            while not there and not feed.stopping:
                there = folder.look(_LOOK_SECONDS)
            if not there:
                return
            newest = max(there, key=lambda entry: entry.written)
            if PurePath(newest.name).suffix.lower() in slideshow.SUFFIXES:
                folder.suffixes = slideshow.SUFFIXES
                Slideshow(folder, options.fps).run(feed, there)
            else:
                folder.suffixes = segments.SUFFIXES
                Segments(folder).run(feed, there)
