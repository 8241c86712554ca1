"""Subscription: one rendition that the hub wants, as it goes out to it."""

from collections.abc import Callable
from functools import partial

from televise.hub.channel import Channel
from televise.hub.relays.link_messages import LinkMessages, missing
from televise.hub.skips import Skips
from televise.link.messages import Refused, Subscribe
from televise.link.protocol import encode
from televise.model.dropped import Dropped
from televise.model.log import Cursor

MAX_LATENCY_SECONDS = 1.0


class Subscription:
    """A reader of the rendition's log, beginning at its newest keyframe; ``news`` is called when
    there may be more to read. LimitReached where the channel is encoded in too many ways."""

    def __init__(self, channel: Channel, wanted: Subscribe, news: Callable[[], None]) -> None:
        self._channel = channel
        self._id = wanted.id
        self._encoding = channel.acquire(wanted.rendition)
        self._make_muxer = partial(LinkMessages, number=wanted.id, frame=bytes)
        muxed = self._encoding.muxed(self._make_muxer)
        muxed.deliver = lambda chunk: news()
        muxed.refuse = lambda reason: news()
        self._cursor = Cursor(muxed.log, MAX_LATENCY_SECONDS)
        self._skips = Skips(muxed, self._cursor)
        self._init = b""
        self._refused = ""

    @property
    def skipped(self) -> int:
        """Packets for which the way to the hub was too slow."""
        return self._cursor.skipped

    def read(self) -> bytes:
        """The next messages; none where there is nothing to say now."""
        if self._encoding.refusal != self._refused:
            self._refused = self._encoding.refusal
            return encode(Refused(self._id, self._refused)) if self._refused else b""
        chunk = self._cursor.read()
        if chunk is None:
            return b""
        init = b"" if chunk.init is self._init else chunk.init
        self._init = chunk.init
        return init + self._missing() + chunk.data

    def want_keyframe(self) -> None:
        """Somebody at the hub cannot go on before the next one."""
        self._channel.want_keyframe(self._encoding)

    def close(self) -> None:
        """The hub does not want it any more."""
        self._encoding.drop(self._make_muxer)
        self._channel.release(self._encoding)

    def _missing(self) -> bytes:
        """What says that some were passed over, and what was missing among them already."""
        count, before = self._skips.take()
        return missing(before + Dropped(slow=count), self._id) if count else b""
