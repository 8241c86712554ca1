"""A publisher: whoever sends media to the hub, over whichever protocol; one after another."""

import struct
from typing import BinaryIO, cast

import av.error

from televise.errors import FormatError, SourceError
from televise.formats.picture import KNOWN, parse_picture
from televise.link.messages import Publish, State
from televise.media.container import LIVE, explain, open_container
from televise.media.demuxer import Demuxer
from televise.media.inbox import Inbox
from televise.media.jpeg_feed import JpegFeed
from televise.media.picture_feed import PictureFeed
from televise.media.source import Feed

WAITING = "nobody publishes yet"
GONE = "the publisher has gone"
_SHOWN = "what is published"
_LENGTH = struct.Struct(">I")
# Any FLV might have sound too: how long it is waited for. Those who publish begin with all of it.
_FLV = {**LIVE, "analyzeduration": "500000"}


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
        if publisher.format == "jpeg":
            if not JpegFeed(feed).run(reader.read):
                raise FormatError("there is no JPEG picture in it")
        elif publisher.format == "image":
            self._play_images(reader, feed)
        else:
            self._play_media(reader, publisher.format, feed)

    def _play_images(self, reader: "_Reader", feed: Feed) -> None:
        pictures = PictureFeed(feed, 0)
        while len(header := reader.read_exactly(_LENGTH.size)) == _LENGTH.size:
            picture = parse_picture(reader.read_exactly(_LENGTH.unpack(header)[0]))
            if picture is None:
                raise FormatError(f"it is not {KNOWN}")
            next(pictures.play(picture))  # of an animation the first picture

    def _play_media(self, reader: "_Reader", format: str, feed: Feed) -> None:
        place, options = cast("BinaryIO", reader), _FLV if format == "flv" else LIVE
        with open_container(
            place, "", format=format or None, options=options, shown=_SHOWN
        ) as container:
            try:
                Demuxer(container).run(feed)
            except av.error.FFmpegError as error:
                raise explain(error, _SHOWN) from error


class _Reader:
    """One publisher's bytes as a file."""

    def __init__(self, inbox: Inbox, publisher: Publish) -> None:
        self._inbox = inbox
        self._publisher = publisher

    def read(self, size: int) -> bytes:
        return self._inbox.read(self._publisher, size)

    def read_exactly(self, size: int) -> bytes:
        """So many bytes, or fewer at the end."""
        parts = []
        while size and (data := self.read(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)
