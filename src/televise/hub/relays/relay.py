"""Relay: a channel's supply that is another hub. Packets are copied as they are."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any

from televise.errors import Unavailable
from televise.hub.relays.carrier import Carrier, Choice, check_tracks, ours
from televise.hub.relays.offer import Offer
from televise.hub.relays.upstream import Upstream
from televise.hub.supply import Callbacks
from televise.link.messages import (
    Announce,
    Ended,
    Epoch,
    Keyframe,
    Look,
    Media,
    Message,
    State,
    Subscribe,
    Unsubscribe,
)

# The upstream's own limit is a little shorter.
LOOK_SECONDS = 35.0


class Relay:
    """Takes each rendition that is wanted, and nothing else, from the best upstream that has it."""

    remote = True

    def __init__(self, name: str, choice: Choice, callbacks: Callbacks) -> None:
        self._name = name
        self._choice = choice
        self._callbacks = callbacks
        self._carriers: dict[int, Carrier] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self.running = False
        self.worker: int | None = None

    @property
    def upstream(self) -> Upstream | None:
        """Where it comes from now: its oldest rendition, if there are several."""
        taken = (carrier.upstream for carrier in self._carriers.values())
        return next((upstream for upstream in taken if upstream), None)

    @property
    def carriers(self) -> list[Carrier]:
        """What is taken now."""
        return list(self._carriers.values())

    def start(self) -> None:
        """Want it."""
        if not self.running:
            self.running = True
            asyncio.get_running_loop().call_soon(self._begin)

    def stop(self) -> "asyncio.Future[Any]":
        """Want nothing more."""
        self.running = False
        tasks = [*self._tasks.values(), *self._asking]
        self._carriers.clear()
        for task in tasks:
            task.cancel()
        return asyncio.gather(*tasks, return_exceptions=True)

    def send(self, message: Message) -> None:
        """What is wanted of a picture can be said: a hub cannot open another's sources."""
        if isinstance(message, Subscribe) and self.running and message.id not in self._tasks:
            carrier = Carrier(self._name, message, self._choice, self._callbacks.received)
            self._carriers[message.id] = carrier
            self._start(message.id, carrier.run())
        elif isinstance(message, Unsubscribe):
            self._end(message.id)
        elif isinstance(message, Keyframe) and message.id in self._carriers:
            asking = asyncio.get_running_loop().create_task(
                self._carriers[message.id].want_keyframe()
            )
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)
        elif isinstance(message, Look):
            self._start(message.id, self._look(message))

    def review(self, offer: Offer | None) -> None:
        """The upstreams have changed. ``offer`` is what the best of them says of the channel now;
        None where there is none."""
        for carrier in self.carriers:
            carrier.review()
        received = self._callbacks.received
        if offer is None:
            received(State("offline", "no upstream has it now"))
        elif self.running:
            received(State("connecting" if offer.state == "idle" else offer.state, offer.text))
            received(Announce(offer.tracks))
        else:
            down = offer.state in ("offline", "stalled")
            received(State(offer.state, offer.text) if down else State("idle"))

    def _begin(self) -> None:
        if not self.running:
            return
        self._callbacks.up()
        best = self._choice.best(self._name)
        self.review(best.offers[self._name] if best else None)

    def _start(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[number] = task
        task.add_done_callback(lambda _: self._tasks.pop(number, None))

    def _end(self, number: int) -> None:
        self._carriers.pop(number, None)
        if task := self._tasks.pop(number, None):
            task.cancel()

    async def _look(self, look: Look) -> None:
        """Ask for some seconds of the past, once."""
        text = ""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._look_at(look)
        except Exception as error:  # whatever another hub makes of it: who looks is told
            text = str(error) or "no answer in time"
        self._callbacks.received(Ended(look.id, text))

    async def _look_at(self, look: Look) -> None:
        upstream = self._choice.best(self._name)
        if upstream is None:
            raise Unavailable("no upstream has it now")
        take = partial(self._pass, look.id, upstream)
        await upstream.look(self._choice.session, self._name, look, take)

    def _pass(self, number: int, upstream: Upstream, message: Message) -> bool:
        """With our own number for it. True: it has ended."""
        if isinstance(message, Epoch):
            check_tracks(message)
            self._callbacks.received(Epoch(number, message.epoch, message.tracks))
        elif isinstance(message, Media):
            packet = ours(message.packet, upstream.clock.offset)
            self._callbacks.received(Media(number, packet))
        return isinstance(message, Ended)
