"""Broadcast: one rendition of a channel, published over NATS while other hubs want it."""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from functools import partial

from televise.errors import PeerError
from televise.hub.channel import Channel
from televise.hub.muxed import Chunk
from televise.hub.nats.connection import NatsConnection
from televise.hub.relays.link_messages import SUBSCRIPTION, LinkMessages, missing
from televise.hub.skips import Skips
from televise.link.messages import Note, Refused
from televise.link.nats import media_subject
from televise.link.protocol import encode
from televise.model.dropped import Dropped
from televise.model.log import Cursor
from televise.model.rendition import Rendition

# Where NATS takes less than there is, what is older is skipped, to the newest keyframe.
MAX_LATENCY_SECONDS = 1.0
# Of what a source says of its pictures, the newest.
MAX_NOTES = 100


@dataclass(frozen=True, slots=True)
class Listener:
    """A hub that wants it, and when it last said so (monotonic seconds)."""

    node: str
    heard: float


# Nothing is put around them.
_MESSAGES = partial(LinkMessages, frame=bytes)


class Broadcast:
    """Keeps the encoding running, and publishes each packet once for all hubs that want it.

    ``listeners`` are these, by their inboxes; ``bytes`` counts what all were told. LimitReached,
    Unavailable where the channel does not make one more rendition.
    """

    def __init__(
        self, channel: Channel, rendition: Rendition, node: str, connection: NatsConnection
    ) -> None:
        self.channel = channel
        self.listeners: dict[str, Listener] = {}
        self._connection = connection
        self._subject = media_subject(channel.name, rendition, node)
        self.encoding = channel.acquire(rendition)
        muxed = self.encoding.muxed(_MESSAGES)
        muxed.deliver, muxed.refuse = self._hear_chunk, self._hear_refusal
        self._log = muxed.log
        self._cursor = Cursor(self._log, MAX_LATENCY_SECONDS)
        self._skips = Skips(muxed, self._cursor)
        self._cursor.position = self._first = (
            self._log.end
        )  # what was before is sent to who asks for it
        self._init = b""
        self.bytes = 0
        self._said: deque[bytes] = deque(maxlen=MAX_NOTES)
        self._news = asyncio.Event()
        channel.note_listeners.add(self._hear_note)
        self._joins: dict[str, asyncio.Task[None]] = {}
        self._publishing = asyncio.get_running_loop().create_task(self._publish())

    @property
    def offered(self) -> int:
        """Packets since it began; those that are neither `delivered` nor `skipped` wait."""
        return self._log.end - self._first

    @property
    def delivered(self) -> int:
        """Packets that NATS has taken."""
        return self._cursor.position - self._first - self._cursor.skipped

    @property
    def skipped(self) -> int:
        """Packets that NATS was too slow for."""
        return self._cursor.skipped

    def join(self, inbox: str) -> None:
        """Send all since the newest keyframe to a hub that has just come, or has lost something."""
        if inbox not in self._joins:
            task = asyncio.get_running_loop().create_task(self._send_past(inbox))
            self._joins[inbox] = task
            task.add_done_callback(lambda _: self._joins.pop(inbox, None))

    def end(self) -> None:
        """Nobody wants it any more."""
        self.channel.note_listeners.discard(self._hear_note)
        self.encoding.drop(_MESSAGES)
        self.channel.release(self.encoding)
        for task in (self._publishing, *self._joins.values()):
            task.cancel()

    def _hear_chunk(self, chunk: Chunk) -> None:
        self._news.set()

    def _hear_refusal(self, reason: str) -> None:
        self._say(encode(Refused(SUBSCRIPTION, reason)))

    def _hear_note(self, channel: Channel, captured: int, text: str) -> None:
        self._say(encode(Note(captured, text)))

    def _say(self, message: bytes) -> None:
        self._said.append(message)
        self._news.set()

    async def _publish(self) -> None:
        with contextlib.suppress(PeerError):  # whoever has the connection knows that it is lost
            while True:
                await self._news.wait()
                self._news.clear()
                while (message := self._next()) is not None:
                    await self._connection.publish(self._subject, message)
                    self.bytes += len(message)

    def _next(self) -> bytes | None:
        """What all are told next."""
        if self._said:
            return self._said.popleft()
        chunk = self._cursor.read()
        if chunk is None:
            return None
        if chunk.init is self._init:
            return self._missing() + chunk.data
        self._init = chunk.init
        self._cursor.position -= 1
        return chunk.init

    def _missing(self) -> bytes:
        """What says that some were passed over, and what was missing among them already."""
        count, before = self._skips.take()
        return missing(before + Dropped(slow=count)) if count else b""

    async def _send_past(self, inbox: str) -> None:
        with contextlib.suppress(PeerError):
            for message in self._past():
                await self._connection.publish(inbox, message)

    def _past(self) -> list[bytes]:
        log = self._log
        if self.encoding.refusal:
            return [encode(Refused(SUBSCRIPTION, self.encoding.refusal))]
        if log.newest_keyframe is None:
            return []
        chunks = [log[position] for position in range(log.newest_keyframe, log.end)]
        return [chunks[0].init, *(chunk.data for chunk in chunks)]
