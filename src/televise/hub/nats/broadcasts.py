"""Broadcasts: what other hubs want of this one over NATS."""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from televise import events
from televise.errors import FormatError, PeerError, TeleviseError, UnknownChannel
from televise.hub.channel import Channel
from televise.hub.hub import Hub
from televise.hub.nats.broadcast import Broadcast, Listener
from televise.hub.nats.connection import NatsConnection
from televise.hub.relays.link_messages import SUBSCRIPTION
from televise.link.interest import Interest, answer, parse_interest
from televise.link.messages import Ended, Epoch, Media, Message, Refused
from televise.link.nats import INBOX
from televise.link.protocol import encode
from televise.model.rendition import Rendition

if TYPE_CHECKING:
    from nats.aio.msg import Msg

LOOK_SECONDS = 0.5
# A hub says every two seconds what it wants; one that does not has gone.
SILENCE_SECONDS = 6.0
MAX_LISTENERS = 1000
MAX_LOOKS = 8
PAST_SECONDS = 30.0

Key = tuple[str, Rendition]
OnPeer = Callable[[str, dict[str, Any], Collection[str]], None]
"""Hears what a hub reports of who watches there, and which channels it takes from here: none where
it has gone. FormatError where it is no report."""


class Broadcasts:
    """Answers hubs that want renditions of channels that are ``offered``.

    ``on_peer`` hears of them; ``refused`` counts requests that were none.
    """

    def __init__(
        self,
        hub: Hub,
        connection: NatsConnection,
        offered: Callable[[Channel], bool],
        on_peer: OnPeer,
    ) -> None:
        self.refused = 0
        self._hub = hub
        self._connection = connection
        self._offered = offered
        self._on_peer = on_peer
        self._broadcasts: dict[Key, Broadcast] = {}
        self._looks: set[asyncio.Task[None]] = set()

    @property
    def all(self) -> list[Broadcast]:
        """What is published now."""
        return list(self._broadcasts.values())

    async def run(self) -> None:
        """End what nobody wants, until cancelled; then all."""
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                self._look_around(time.monotonic())
        finally:
            for key in list(self._broadcasts):
                self._end(key)
            for task in self._looks:
                task.cancel()

    async def heard(self, message: "Msg") -> None:
        """A hub says what it wants."""
        try:
            interest = parse_interest(message.data)
            if not message.reply.startswith(f"{INBOX}."):
                raise FormatError("a request for a channel without an inbox for the answer")
            await self._answer(message.subject.split(".")[2], interest, message.reply)
        except PeerError as error:
            self.refused += 1
            events.warning("a request over NATS was not understood", reason=str(error))
        except UnknownChannel:
            return  # the next announcement says so
        except TeleviseError as error:
            await self._refuse(message.reply, error)
        except Exception:
            events.error("a request over NATS failed")

    async def _answer(self, name: str, interest: Interest, inbox: str) -> None:
        key = name, interest.rendition
        if interest.want == "leave":
            self._leave(key, inbox)
            return
        if interest.want == "keyframe":
            self._want_keyframe(key)
            return
        await self._connection.say(inbox, answer(interest.clock, time.time_ns()))
        if interest.want == "look":
            self._start_look(self._channel(name), interest, inbox)
            return
        broadcast = self._broadcasts.get(key) or self._begin(key)
        if len(broadcast.listeners) < MAX_LISTENERS or inbox in broadcast.listeners:
            broadcast.listeners[inbox] = Listener(interest.node, time.monotonic())
            report = {**interest.report, "node": interest.node, "clock": interest.clock}
            self._on_peer(interest.node, report, self._taken_by(interest.node))
            if interest.want == "join":
                broadcast.join(inbox)

    def _want_keyframe(self, key: Key) -> None:
        if broadcast := self._broadcasts.get(key):
            broadcast.channel.want_keyframe(broadcast.encoding)

    def _channel(self, name: str) -> Channel:
        channel = self._hub.channel(name)
        if not self._offered(channel):
            raise UnknownChannel(f"{name} is not offered here")
        return channel

    def _begin(self, key: Key) -> Broadcast:
        name, rendition = key
        broadcast = Broadcast(self._channel(name), rendition, self._hub.node, self._connection)
        self._broadcasts[key] = broadcast
        events.info("published over NATS", channel=name, video=rendition.video)
        return broadcast

    def _start_look(self, channel: Channel, interest: Interest, inbox: str) -> None:
        if len(self._looks) < MAX_LOOKS:
            task = asyncio.get_running_loop().create_task(self._look(channel, interest, inbox))
            self._looks.add(task)
            task.add_done_callback(self._looks.discard)

    async def _look(self, channel: Channel, interest: Interest, inbox: str) -> None:
        """Send some of the past."""
        try:
            look = channel.look_back(interest.rendition, interest.ago, interest.length)
            await look.wait(PAST_SECONDS)
            media = [Media(SUBSCRIPTION, packet) for packet in look.packets]
            said: list[Message] = [Epoch(SUBSCRIPTION, look.epoch, look.tracks), *media]
            for message in [*said, Ended(SUBSCRIPTION)]:
                await self._connection.publish(inbox, encode(message))
        except PeerError:
            return  # nobody can be told
        except TeleviseError as error:
            await self._refuse(inbox, error)

    async def _refuse(self, inbox: str, error: TeleviseError) -> None:
        try:
            await self._connection.publish(inbox, encode(Refused(SUBSCRIPTION, str(error))))
        except PeerError:
            return

    def _look_around(self, now: float) -> None:
        for key, broadcast in list(self._broadcasts.items()):
            for inbox, listener in list(broadcast.listeners.items()):
                if broadcast.channel.closed or now - listener.heard > SILENCE_SECONDS:
                    self._leave(key, inbox)

    def _leave(self, key: Key, inbox: str) -> None:
        broadcast = self._broadcasts.get(key)
        if broadcast is None or inbox not in broadcast.listeners:
            return
        node = broadcast.listeners.pop(inbox).node
        if not broadcast.listeners:
            self._end(key)
        if not (taken := self._taken_by(node)):
            self._on_peer(node, {}, taken)

    def _end(self, key: Key) -> None:
        broadcast = self._broadcasts.pop(key)
        nodes = {listener.node for listener in broadcast.listeners.values()}
        broadcast.end()
        events.info("no longer published over NATS", channel=key[0], skipped=broadcast.skipped)
        for node in nodes:
            if not (taken := self._taken_by(node)):
                self._on_peer(node, {}, taken)

    def _taken_by(self, node: str) -> set[str]:
        """The channels that hub ``node`` takes from here."""
        return {
            name
            for (name, _), broadcast in self._broadcasts.items()
            for listener in broadcast.listeners.values()
            if listener.node == node
        }
