"""Relay: a channel's supply that is another hub. Packets are copied as they are."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import aiohttp

from televise import events
from televise.errors import PeerError
from televise.hub.supply import Callbacks
from televise.hub.upstream import Offer, Upstream
from televise.link.messages import (
    Announce,
    Epoch,
    Media,
    Message,
    Refused,
    State,
    Subscribe,
    Unsubscribe,
)
from televise.model.backoff import Backoff


class Choice(Protocol):
    """The upstreams that there are."""

    session: aiohttp.ClientSession

    def best(self, name: str, avoid: Upstream | None = None) -> Upstream | None:
        """One that has channel ``name``, another than ``avoid`` if there is one."""

    async def wait(self) -> None:
        """Wait until something about them has changed."""


class Relay:
    """Opens one connection for each rendition that is wanted, at the best upstream that has it.

    A connection that is lost is followed by one to the next upstream: there the newest keyframe
    comes first, and what has been had already is known by its epoch and sequence.
    """

    def __init__(self, name: str, choice: Choice, callbacks: Callbacks) -> None:
        self._name = name
        self._choice = choice
        self._callbacks = callbacks
        self._carrying: dict[int, asyncio.Task[None]] = {}
        self._from: dict[int, Upstream] = {}
        self.running = False
        self.worker: int | None = None

    def start(self) -> None:
        """Want it."""
        if not self.running:
            self.running = True
            asyncio.get_running_loop().call_soon(self._begin)

    def stop(self) -> "asyncio.Future[Any]":
        """Want nothing more."""
        self.running = False
        tasks = [self._end(number) for number in list(self._carrying)]
        return asyncio.gather(*tasks, return_exceptions=True)

    def send(self, message: Message) -> None:
        """Subscriptions are what can be said; a hub cannot open another's sources."""
        if isinstance(message, Subscribe) and self.running:
            if message.id in self._carrying:
                return
            carrying = self._carry(message)
            self._carrying[message.id] = asyncio.get_running_loop().create_task(carrying)
        elif isinstance(message, Unsubscribe) and message.id in self._carrying:
            self._end(message.id)

    def offered(self, offer: Offer | None) -> None:
        """What the best upstream says of the channel now; None where there is none."""
        if not self.running:
            return
        if offer is None:
            self._callbacks.received(State("offline", "no upstream has it now"))
            return
        state = offer.state if offer.state != "idle" else "connecting"
        self._callbacks.received(State(state, offer.text))
        self._callbacks.received(Announce(offer.tracks))

    def lost(self, upstream: Upstream) -> None:
        """``upstream`` is not there any more: what came from it must come from another."""
        for number, source in list(self._from.items()):
            if source is upstream:
                self._again(number)

    def _begin(self) -> None:
        if self.running:
            self._callbacks.up()

    def _end(self, number: int) -> "asyncio.Task[None]":
        task = self._carrying.pop(number)
        self._from.pop(number, None)
        task.cancel()
        return task

    def _again(self, number: int) -> None:
        """The task ends its connection, and looks for another."""
        self._from.pop(number, None)
        if task := self._carrying.get(number):
            task.cancel("again")

    async def _carry(self, wanted: Subscribe) -> None:
        backoff, last = Backoff(), None
        while True:
            upstream = self._choice.best(self._name, avoid=last)
            if upstream is None:
                await self._choice.wait()
                continue
            self._from[wanted.id] = last = upstream
            try:
                reason = await self._carry_from(upstream, wanted, backoff.reset)
            except asyncio.CancelledError as cancelled:
                if cancelled.args != ("again",):
                    raise
                asyncio.current_task().uncancel()  # type: ignore[union-attr]
                reason = "the upstream is gone"
            finally:
                self._from.pop(wanted.id, None)  # whoever ends a rest, ends the task
            events.info("link ended", channel=self._name, upstream=upstream.url, reason=reason)
            await asyncio.sleep(backoff.next(random.random()) / 2)

    async def _carry_from(
        self, upstream: Upstream, wanted: Subscribe, heard: Callable[[], None]
    ) -> str:
        try:
            messages = upstream.messages(self._choice.session, self._name, wanted.rendition)
            async for message in messages:
                heard()
                self._pass(wanted.id, message, upstream)
        except (aiohttp.ClientError, OSError, TimeoutError, PeerError) as error:
            return str(error) or "no answer in time"
        return "the connection has ended"

    def _pass(self, number: int, message: Message, upstream: Upstream) -> None:
        """With our own number for it, and times by our own clock."""
        if isinstance(message, Media):
            captured = message.packet.captured + upstream.clock.offset
            packet = replace(message.packet, captured=captured)
            self._callbacks.received(Media(number, packet))
        elif isinstance(message, Epoch | Refused):
            self._callbacks.received(replace(message, id=number))
