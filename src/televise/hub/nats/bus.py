"""Bus: the hubs that one finds over NATS. For this hub it is an upstream: one that has all of their
channels."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp

from televise import events
from televise.errors import PeerError, Unavailable
from televise.hub.channel import Channel
from televise.hub.hub import Hub
from televise.hub.nats.broadcasts import Broadcasts, OnPeer
from televise.hub.nats.connection import NatsAddress, NatsConnection
from televise.hub.nats.neighbours import Neighbour, Neighbours
from televise.hub.nats.reception import Reception
from televise.hub.relays.announcement import announcement, as_text
from televise.hub.relays.link_client import Take
from televise.hub.relays.upstream import Upstream
from televise.hub.relays.watchers import Viewers
from televise.link.interest import Interest, Want
from televise.link.messages import Look, Media, Message
from televise.link.nats import ALL_NODES, announcer, control_subject, node_subject
from televise.model.backoff import Backoff
from televise.model.rendition import Rendition

if TYPE_CHECKING:
    from nats.aio.msg import Msg

# What is offered is said again so often, as a sign of life.
ANNOUNCE_SECONDS = 2.0
# Several changes at once are one announcement.
SETTLE_SECONDS = 0.05
LOOK_SECONDS = 0.5


class Bus(Upstream):
    """Announces our channels to all others, hears theirs, and carries what is watched.

    What has come over the bus is not offered on it again: its own hub does that. ``on_peer`` hears
    who watches our channels elsewhere.
    """

    def __init__(self, address: NatsAddress, hub: Hub, on_peer: OnPeer) -> None:
        super().__init__(address.shown)
        self.receptions: set[Reception] = set()
        self.broadcasts: Broadcasts | None = None
        self.neighbours = Neighbours(hub.node)
        self._address = address
        self._hub = hub
        self._on_peer = on_peer
        self._connection: NatsConnection | None = None
        self._news = asyncio.Event()
        self._viewers: Viewers = dict
        self._tell: Callable[[], None] = _nobody

    async def follow(
        self,
        session: aiohttp.ClientSession,
        node: str,
        viewers: Viewers,
        changed: Callable[[], None],
    ) -> None:
        """Be on the bus, for ever; ``changed`` is called each time that others offer is another."""
        self._viewers, self._tell = viewers, changed
        self._hub.on_channel(self._hear_channel)
        backoff = Backoff(most=1.0)
        while True:
            try:
                reason = await self._be_there(backoff)
            except (PeerError, Unavailable, OSError) as error:
                reason = str(error)
            except Exception as error:
                events.error("following the bus failed")
                reason = repr(error)
            if self.connected or reason != self.reason:
                events.warning(f"no bus at {self.url}", reason=reason)
            self.connected, self.reason = False, reason
            await asyncio.sleep(backoff.next(random.random()))

    async def carry(
        self, session: aiohttp.ClientSession, name: str, rendition: Rendition, take: Take
    ) -> None:
        """Give ``take`` what the best hub sends of one rendition of a channel, until that is
        enough. PeerError says why it has ended before, Unavailable that it cannot be made there."""
        await self._receive(name, self._interest("join", rendition), take)

    async def want_keyframe(self, name: str, rendition: Rendition) -> None:
        """Ask for one, in what comes of this rendition of a channel now."""
        for reception in tuple(self.receptions):
            if (reception.name, reception.rendition) == (name, rendition):
                await reception.want_keyframe()

    async def look(self, session: aiohttp.ClientSession, name: str, look: Look, take: Take) -> None:
        """The same of some seconds of the past, which ``Ended`` follows."""
        wanted = self._interest("look", look.rendition)
        await self._receive(name, replace(wanted, ago=look.ago, length=look.length), take)

    async def _receive(self, name: str, wanted: Interest, take: Take) -> None:
        neighbour, connection = self.neighbours.best(name), self._connection
        if neighbour is None or connection is None:
            raise PeerError("no hub on the bus has it now")
        reports = self._who_watches, self._reject
        reception = Reception(connection, neighbour, name, wanted, *reports)
        self.receptions.add(reception)
        try:
            await reception.run(partial(self._take, take))
        finally:
            self.receptions.discard(reception)
            if reception.vanished:
                asyncio.get_running_loop().call_soon(self._forget, neighbour)

    def _take(self, take: Take, message: Message) -> bool:
        if isinstance(message, Media):
            self.bytes += len(message.packet.data)
            self.media_bytes += len(message.packet.data)
        return take(message)

    def _interest(self, want: Want, rendition: Rendition) -> Interest:
        return Interest(want, rendition, self._hub.node, time.time_ns())

    async def _be_there(self, backoff: Backoff) -> str:
        """One connection, to its end; the reason."""
        async with NatsConnection.open(self._address, self._hub.node) as connection:
            events.info("bus found", url=self.url)
            backoff.reset()
            broadcasts = Broadcasts(self._hub, connection, self._is_offered, self._on_peer)
            self.broadcasts = broadcasts
            self._connection, self.connected, self.reason = connection, True, ""
            asked = control_subject("*", self._hub.node)
            try:
                async with (
                    connection.subscribed(asked, broadcasts.heard),
                    connection.subscribed(ALL_NODES, self._hear),
                ):
                    return await self._stay(connection, broadcasts)
            finally:
                self._leave()

    async def _stay(self, connection: NatsConnection, broadcasts: Broadcasts) -> str:
        work = (self._announce_always(connection), broadcasts.run(), self._look_always())
        tasks = [asyncio.create_task(each) for each in work]
        try:
            return await asyncio.shield(connection.lost)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(PeerError):
                await self._announce(connection, [])

    def _leave(self) -> None:
        self._connection, self.connected, self.offers = None, False, {}
        self.reason = "the connection to NATS is lost"
        self.neighbours.clear()
        for reception in self.receptions:
            reception.end(self.reason)
        self._tell()

    async def _announce_always(self, connection: NatsConnection) -> None:
        with contextlib.suppress(PeerError):
            while True:
                self._news.clear()
                offered = [each for each in self._hub.channels if self._is_offered(each)]
                await self._announce(connection, offered)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ANNOUNCE_SECONDS):
                        await self._news.wait()
                    await asyncio.sleep(SETTLE_SECONDS)

    async def _announce(self, connection: NatsConnection, channels: list[Channel]) -> None:
        node = self._hub.node
        text = as_text(announcement(node, channels))
        await connection.publish(node_subject(node), text.encode())

    def _is_offered(self, channel: Channel) -> bool:
        """Whether it is ours, or has come another way than over the bus."""
        path = channel.path
        return path is not None and (not path or path[-1] not in self.neighbours)

    async def _look_always(self) -> None:
        """Notice who has gone without a word."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for neighbour in self.neighbours.silent(time.monotonic()):
                self._forget(neighbour)

    def _forget(self, neighbour: Neighbour) -> None:
        if self.neighbours.forget(neighbour):
            events.warning("a hub on the bus has gone without a word", node=neighbour.node)
            self._update()

    async def _hear(self, message: "Msg") -> None:
        """Another hub says what it has."""
        try:
            node = announcer(message.subject)
            if node not in self.neighbours:
                self._news.set()  # it has not heard of us yet
            if self.neighbours.heard(node, message.data, time.monotonic()):
                self._update()
        except PeerError as error:
            self._reject(1)
            events.warning("somebody announces over NATS what is none", reason=str(error))
        except Exception:
            events.error("an announcement over NATS failed")

    def _reject(self, count: int) -> None:
        self.rejected += count

    def _update(self) -> None:
        """Offer what all of them have together, and leave those that are not the right ones now."""
        self.offers = self.neighbours.offers()
        for reception in self.receptions:
            if not self._is_good(reception):
                reception.end("the hub has no picture of it any more")
        self._tell()

    def _is_good(self, reception: Reception) -> bool:
        """Whether its hub still has the channel, and a picture where another one has that."""
        neighbour, name = reception.neighbour, reception.name
        if not self.neighbours.has(neighbour, name):
            return False
        return neighbour.offers[name].good or not self.offers[name].good

    def _who_watches(self) -> dict[str, Any]:
        """Who watches what comes from the bus."""
        return self._told(self._viewers)

    def _hear_channel(self, channel: Channel) -> None:
        channel.listeners.add(self._note)
        self._news.set()

    def _note(self, channel: Channel) -> None:
        self._news.set()


def _nobody() -> None:
    """Who is told of changes before anybody wants to know."""
