"""Broadcast: one rendition of a channel, published over NATS while other hubs want it."""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass

from televise.errors import PeerError
from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.hub.nats_connection import NatsConnection
from televise.link.messages import Epoch, Media, Message, Note, Refused
from televise.link.nats import media_subject
from televise.link.protocol import encode
from televise.model.log import Cursor
from televise.model.packet import Packet
from televise.model.rendition import Rendition

# Where NATS takes less than there is, what is older is skipped, to the newest keyframe.
MAX_LATENCY_SECONDS = 1.0
# There is one subscription per subject.
SUBSCRIPTION = 1
# Of what a source says of its pictures, the newest.
MAX_NOTES = 100


@dataclass(frozen=True, slots=True)
class Listener:
    """A hub that wants it, and when it last said so (monotonic seconds)."""

    node: str
    heard: float


class Broadcast:
    """Keeps the encoding running, and publishes each packet once for all hubs that want it.

    ``listeners`` are these, by their inboxes. LimitReached, Unavailable where the channel does not
    make one more rendition.
    """

    def __init__(
        self, channel: Channel, rendition: Rendition, node: str, connection: NatsConnection
    ) -> None:
        self.channel = channel
        self.listeners: dict[str, Listener] = {}
        self._connection = connection
        self._subject = media_subject(channel.name, rendition, node)
        self._encoding: Encoding = channel.acquire(rendition)
        self._cursor: Cursor[Packet] = Cursor(self._encoding.log, MAX_LATENCY_SECONDS)
        self._told: Message | None = None
        self._changed = asyncio.Event()
        self._changed.set()
        self._encoding.listeners.add(self._changed.set)
        self._notes: deque[Note] = deque(maxlen=MAX_NOTES)
        channel.note_listeners.add(self._hear_note)
        self._joins: dict[str, asyncio.Task[None]] = {}
        self._publishing = asyncio.get_running_loop().create_task(self._publish())

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
        self._encoding.listeners.discard(self._changed.set)
        self.channel.note_listeners.discard(self._hear_note)
        self.channel.release(self._encoding)
        for task in (self._publishing, *self._joins.values()):
            task.cancel()

    def _hear_note(self, channel: Channel, captured: int, text: str) -> None:
        self._notes.append(Note(captured, text))
        self._changed.set()

    async def _publish(self) -> None:
        with contextlib.suppress(PeerError):  # whoever has the connection knows that it is lost
            while True:
                await self._changed.wait()
                self._changed.clear()
                while (message := self._next()) is not None:
                    await self._connection.publish(self._subject, encode(message))

    def _next(self) -> Message | None:
        """What all are told next: how it begins, what is said of a picture, or a packet."""
        head = self._head()
        if head is not None and head != self._told:
            self._told = head
            return head
        if self._notes:
            return self._notes.popleft()
        packet = self._cursor.read()
        return None if packet is None else Media(SUBSCRIPTION, packet)

    def _head(self) -> Epoch | Refused | None:
        encoding = self._encoding
        if encoding.refusal:
            return Refused(SUBSCRIPTION, encoding.refusal)
        return Epoch(SUBSCRIPTION, encoding.epoch, encoding.tracks) if encoding.tracks else None

    async def _send_past(self, inbox: str) -> None:
        log, head = self._encoding.log, self._head()
        first = log.end if log.newest_keyframe is None else log.newest_keyframe
        past = [log[position] for position in range(first, log.end)]
        with contextlib.suppress(PeerError):
            for message in [
                *([head] if head else []),
                *(Media(SUBSCRIPTION, each) for each in past),
            ]:
                await self._connection.publish(inbox, encode(message))
