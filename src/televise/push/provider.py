"""Provider: gives a hub, by one connection to it, what it wants of a channel that is read here."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable

from televise.errors import TeleviseError
from televise.hub.channel import Channel
from televise.link.messages import (
    Announce,
    Damaged,
    Ended,
    Epoch,
    Hello,
    Keyframe,
    Look,
    Media,
    Message,
    Note,
    Refused,
    State,
    Subscribe,
    Unsubscribe,
)
from televise.link.protocol import VERSION, encode
from televise.model.track import Track
from televise.push.subscription import Subscription

LOOK_SECONDS = 30.0
# An encoder may need so long for the last pictures.
QUIET_SECONDS = 0.5
QUIET_STEP_SECONDS = 0.1

Send = Callable[[bytes | str], Awaitable[None]]
"""Sends one message; returns when the socket has taken all of it."""


class Provider:
    """Answers what it `hear`s while it runs. What the socket does not take waits in logs here,
    which lose whole GOPs, and nowhere else; of what is said of the channel the newest is enough.
    """

    def __init__(self, channel: Channel, send: Send) -> None:
        self._channel = channel
        self._send = send
        self._news = asyncio.Event()
        self._said: dict[str, bytes | str] = {"hello": encode(Hello(VERSION))}
        self._tracks: tuple[Track, ...] = ()
        self._damaged = channel.damaged
        self._past: deque[bytes] = deque()
        self._subscriptions: dict[int, Subscription] = {}
        self._looking: dict[int, asyncio.Task[None]] = {}
        # Since when there is nothing to be sent.
        self._idle_since = math.inf

    async def run(self) -> None:
        """Send, for ever."""
        self._channel.listeners.add(self._tell_state)
        self._channel.note_listeners.add(self._tell_note)
        self._tell_state(self._channel)
        try:
            while True:
                self._news.clear()
                if not await self._send_some():
                    self._idle_since = time.monotonic()
                    await self._news.wait()
                    self._idle_since = math.inf
        finally:
            self._channel.listeners.discard(self._tell_state)
            self._channel.note_listeners.discard(self._tell_note)
            self._close()

    async def drained(self) -> None:
        """Until all has been sent, and nothing more has come for a moment."""
        idle = 0.0
        while idle < QUIET_SECONDS:
            await asyncio.sleep(QUIET_STEP_SECONDS)
            idle = time.monotonic() - self._idle_since

    def hear(self, message: Message) -> None:
        """What the hub wants."""
        if isinstance(message, Subscribe):
            self._subscribe(message)
        elif isinstance(message, Unsubscribe):
            self._unsubscribe(message.id)
            if looking := self._looking.get(message.id):
                looking.cancel()
        elif isinstance(message, Keyframe):
            if wanted := self._subscriptions.get(message.id):
                wanted.want_keyframe()
        elif isinstance(message, Look) and message.id not in self._looking:
            looking = asyncio.get_running_loop().create_task(self._look(message))
            self._looking[message.id] = looking
            looking.add_done_callback(lambda _: self._looking.pop(message.id))

    def say(self, kind: str, said: Message | str) -> None:
        """Say this next; of one ``kind`` the newest, where others still wait to be sent."""
        self._said[kind] = said if isinstance(said, str) else encode(said)
        self._news.set()

    async def _send_some(self) -> bool:
        """Something of everything; False where there was nothing."""
        said, self._said = self._said, {}
        for each in said.values():
            await self._send(each)
        sent = bool(said)
        for subscription in list(self._subscriptions.values()):
            if data := subscription.read():
                await self._send(data)
                sent = True
        if self._past:
            await self._send(self._past.popleft())
            sent = True
        return sent

    def _subscribe(self, wanted: Subscribe) -> None:
        if wanted.id in self._subscriptions:
            return
        try:
            made = Subscription(self._channel, wanted, self._news.set)
        except TeleviseError as error:
            self.say(f"refused {wanted.id}", Refused(wanted.id, str(error)))
            return
        self._subscriptions[wanted.id] = made
        self._news.set()

    def _unsubscribe(self, number: int) -> None:
        if subscription := self._subscriptions.pop(number, None):
            subscription.close()

    async def _look(self, wanted: Look) -> None:
        text = ""
        try:
            look = self._channel.look_back(wanted.rendition, wanted.ago, wanted.length)
            await look.wait(LOOK_SECONDS)
            self._past.append(encode(Epoch(wanted.id, look.epoch, look.tracks)))
            self._past += [encode(Media(wanted.id, packet)) for packet in look.packets]
        except TeleviseError as error:
            text = str(error)
        self._past.append(encode(Ended(wanted.id, text)))
        self._news.set()

    def _tell_state(self, channel: Channel) -> None:
        if channel.tracks != self._tracks:
            self._tracks = channel.tracks
            self.say("tracks", Announce(channel.tracks))
        if channel.damaged > self._damaged:
            # None of these may replace another.
            self.say(f"damaged {channel.damaged}", Damaged(channel.damaged - self._damaged))
            self._damaged = channel.damaged
        self.say("state", State(channel.state, channel.text))

    def _tell_note(self, channel: Channel, captured: int, text: str) -> None:
        if self._subscriptions:
            self.say("note", Note(captured, text))

    def _close(self) -> None:
        for task in self._looking.values():
            task.cancel()
        for number in list(self._subscriptions):
            self._unsubscribe(number)
