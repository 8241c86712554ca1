"""A publisher: whoever sends media to the hub, over whichever protocol; one after another."""

import io
import struct

from televise.errors import FormatError, SourceError
from televise.formats.picture import KNOWN, parse_picture
from televise.link.messages import Publish, State
from televise.media.byte_stream import Peeked, play
from televise.media.inbox import Inbox
from televise.media.jpeg_feed import JpegFeed
from televise.media.picture_feed import PictureFeed
from televise.media.playback import STILL_SECONDS
from televise.media.source import Feed

WAITING = "nobody publishes yet"
GONE = "the publisher has gone"
_SHOWN = "what is published"
_LENGTH = struct.Struct(">I")


class PublishSource:
    """Plays what comes into ``inbox``. Formats of it: ``jpeg`` is pictures one after another,
    ``image`` pictures with their length before them, others are FFmpeg's."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._last: Publish | None = None
        self.watched = True

    def run(self, feed: Feed) -> None:
        """Feed until stopped, or until one sends what cannot be shown: a SourceError."""
        if self._last is None:
            feed.set_state(State("offline", WAITING))
        while not feed.stopping:
            publisher = self._last = self._inbox.next(self._last)
            # Who sends single pictures may take its time.
            self.watched = publisher.format != "image"
            feed.set_state(State("connecting"))
            try:
                self._play(publisher, feed)
            except (SourceError, FormatError) as error:
                text = str(error).removeprefix(f"{_SHOWN}: ")
                self._inbox.end(publisher, f"{_SHOWN}: {text}")
                raise SourceError(f"{_SHOWN}: {text}") from error
            self._inbox.end(publisher)
            feed.set_state(State("offline", GONE))

    def _play(self, publisher: Publish, feed: Feed) -> None:
        reader = _Reader(self._inbox, publisher)
        if publisher.format == "image":
            self._play_images(reader, feed, publisher)
            return
        stream = Peeked(reader)
        if not stream.head:
            raise FormatError("nothing was sent")
        count = play(stream, feed, _SHOWN, jpegs=JpegFeed(feed), format=publisher.format)
        if publisher.format == "jpeg" and not count:
            raise FormatError("there is no JPEG picture in it")

    def _play_images(self, reader: "_Reader", feed: Feed, publisher: Publish) -> None:
        pictures = PictureFeed(feed, 0)
        while len(header := reader.read_exactly(_LENGTH.size)) == _LENGTH.size:
            picture = parse_picture(reader.read_exactly(_LENGTH.unpack(header)[0]))
            if picture is None:
                raise FormatError(f"it is not {KNOWN}")
            next(pictures.play(picture))  # of an animation the first picture
            while not (feed.stopping or self._inbox.wait(publisher, STILL_SECONDS)):
                next(pictures.play(picture))


class _Reader(io.RawIOBase):
    """One publisher's bytes as a file, of which nothing can be read again."""

    def __init__(self, inbox: Inbox, publisher: Publish) -> None:
        super().__init__()
        self._inbox = inbox
        self._publisher = publisher

    def read(self, size: int = -1) -> bytes:
        return self._inbox.read(self._publisher, size)

    def read_exactly(self, size: int) -> bytes:
        """So many bytes, or fewer at the end."""
        parts = []
        while size and (data := self.read(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)
