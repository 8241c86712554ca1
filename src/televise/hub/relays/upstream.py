"""Upstream: another hub, whose channels are ours too."""

import asyncio
import contextlib
import math
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp

from televise import events
from televise.errors import FormatError, InputError, PeerError, Unavailable
from televise.formats.strict_json import parse_json
from televise.formats.websocket import TRY_LATER
from televise.hub.relays.clock import Clock
from televise.hub.relays.endings import ending, explained
from televise.hub.relays.link_client import (
    HELLO,
    KEYFRAME,
    MAX_MEDIA_BYTES,
    Take,
    connected,
    reporting,
    target,
)
from televise.hub.relays.offer import MAX_ANNOUNCEMENT_BYTES, Offer, parse_announcement
from televise.hub.relays.told import told
from televise.hub.relays.watchers import Viewers, Watchers
from televise.link.messages import Look
from televise.link.protocol import Receiver
from televise.model.backoff import Backoff
from televise.model.hub_url import parse_hub_url
from televise.model.rendition import Rendition
from televise.model.unix_time import is_unix_time

# What is announced is what was announced before.
AS_BEFORE = "{}"
# An upstream says something every two seconds; one that does not is gone.
SILENCE_SECONDS = 6.0
# One that has said nothing for so long, on none of its connections, is left where another is as
# good: it may be frozen. A source that shows nothing new is no silence.
QUIET_SECONDS = 2.5
# An upstream that comes back after days is found again so soon.
MAX_WAIT_SECONDS = 1.0
# Asks for a keyframe.
Ask = Callable[[], Awaitable[None]]
_FAULTS = (aiohttp.ClientError, OSError, TimeoutError, PeerError)


@dataclass(eq=False)
class Upstream:
    """A hub at ``url`` (``ws://host:port``), and what it offers while we are connected to it.

    ``reason`` says why we are not; ``bytes`` counts what came, ``media_bytes`` that part of it
    which somebody watches, ``rejected`` what was no announcement. It is told of our ``watchers``;
    ``now`` is our clock, in Unix nanoseconds. ``context``: whose certificates are believed, if not
    those that the system does.
    """

    # Whether it is asked for less where the link to it cannot carry enough.
    adapts = True

    url: str
    token: str = field(default="", repr=False)
    node: str = ""
    offers: dict[str, Offer] = field(default_factory=dict)
    connected: bool = False
    reason: str = "not reached yet"
    bytes: int = 0
    media_bytes: int = 0
    rejected: int = 0
    clock: Clock = field(default_factory=Clock)
    watchers: Watchers | None = None
    now: Callable[[], int] = time.time_ns
    context: ssl.SSLContext | None = None
    # When it said something last, in monotonic seconds.
    heard: float = field(default=math.inf, repr=False)
    _us: str = ""
    # Two may carry the same: what was asked for in full has become small, as another one was.
    _carrying: set[tuple[str, Rendition, Ask]] = field(default_factory=set, repr=False)

    @property
    def key(self) -> tuple[str, str]:
        """What was typed: another one of the same is the same."""
        return self.url, self.token

    @property
    def quiet(self) -> bool:
        """Whether it says nothing, though it should."""
        return time.monotonic() - self.heard > QUIET_SECONDS

    def shows(self, name: str) -> bool:
        """Whether it has a picture of the channel, or will soon."""
        return name in self.offers and self.offers[name].good and not self.quiet

    async def follow(
        self,
        session: aiohttp.ClientSession,
        node: str,
        viewers: Viewers,
        changed: Callable[[], None],
    ) -> None:
        """Hear what it offers, for ever; ``changed`` is called each time that is another."""
        backoff, self._us = Backoff(most=MAX_WAIT_SECONDS), node
        while True:
            try:
                reason = await self._follow_once(session, viewers, changed, backoff)
            except _FAULTS as error:
                reason = explained(error, self.url)
            except Exception as error:
                events.error("following an upstream failed")
                reason = repr(error)
            if self.connected or reason != self.reason:
                events.warning(f"no upstream at {self.url}", reason=reason)
            self.connected, self.offers, self.reason = False, {}, reason
            changed()
            await asyncio.sleep(backoff.next(random.random()))

    async def _follow_once(
        self,
        session: aiohttp.ClientSession,
        viewers: Viewers,
        changed: Callable[[], None],
        backoff: Backoff,
    ) -> str:
        loop = asyncio.get_running_loop()
        async with (
            asyncio.timeout(SILENCE_SECONDS) as silence,
            self._connected(session, "/api/link", MAX_ANNOUNCEMENT_BYTES) as websocket,
            reporting(websocket, lambda: self._report(viewers)),
        ):
            while (message := await websocket.receive()).type == aiohttp.WSMsgType.TEXT:
                self._count(len(message.data))
                if self._heard(message.data):
                    silence.reschedule(loop.time() + SILENCE_SECONDS)
                    backoff.reset()
                    changed()
            return ending(message)

    def _count(self, more: int) -> None:
        self.bytes += more
        self.heard = time.monotonic()

    def _report(self, viewers: Viewers) -> dict[str, Any]:
        return {"node": self._us, **self._told(viewers), "clock": self.now()}

    def _told(self, viewers: Viewers) -> dict[str, Any]:
        """Who watches what comes from here, and how old it is then."""
        counts, us = viewers(), self.watchers
        ages, hubs = (us.ages.of(counts), us.below()) if us else ({}, [])
        return told(counts, ages, hubs)

    def _heard(self, text: str) -> bool:
        """Whether it is something that a hub says. What is none is counted, and told once."""
        try:
            if text.startswith('{"clock"'):
                self._heard_clock(parse_json(text))
            elif text != AS_BEFORE or not self.connected:
                self._heard_announcement(text)
        except FormatError as error:
            self.rejected += 1
            events.warning(f"{self.url} announces what is none", reason=str(error))
            return False
        return True

    def _heard_clock(self, values: Mapping[str, Any]) -> None:
        asked, theirs = values["clock"], values.get("time", 0)
        if not is_unix_time(asked) or not is_unix_time(theirs):
            raise FormatError("not an answer to a clock's")
        self.clock.answered(asked, theirs, self.now())

    def _heard_announcement(self, text: str) -> None:
        self.node, self.offers = parse_announcement(text, self._us)
        if not self.connected:
            events.info("upstream found", url=self.url)
        self.connected, self.reason = True, ""

    async def carry(
        self, session: aiohttp.ClientSession, name: str, rendition: Rendition, take: Take
    ) -> None:
        """Give ``take`` what it sends of one rendition of a channel, until that is enough.

        PeerError says why it has ended before, Unavailable that it cannot be made there.
        """
        path = target("/api/link/{}", name, rendition, {"node": self._us})
        async with self._connected(session, path, MAX_MEDIA_BYTES) as websocket:
            await websocket.send_bytes(HELLO)
            with self._carried(name, rendition, partial(websocket.send_bytes, KEYFRAME)):
                await self._give(websocket, take)

    @contextlib.contextmanager
    def _carried(self, name: str, rendition: Rendition, ask: Ask) -> Iterator[None]:
        """While the block runs, ``ask`` is how to ask for a keyframe of what comes. A channel that
        has gone and come again may be carried twice for a moment."""
        carried = name, rendition, ask
        self._carrying.add(carried)
        try:
            yield
        finally:
            self._carrying.discard(carried)

    async def want_keyframe(self, name: str, rendition: Rendition) -> None:
        """Ask for one, in what it sends of this rendition of a channel now."""
        for *carried, ask in tuple(self._carrying):
            if carried == [name, rendition]:
                with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                    await ask()

    async def look(self, session: aiohttp.ClientSession, name: str, look: Look, take: Take) -> None:
        """The same of some seconds of the past, which ``Ended`` follows."""
        past = {"ago": f"{look.ago:.3f}", "length": f"{look.length:.3f}"}
        path = target("/api/link/{}/look", name, look.rendition, past)
        async with self._connected(session, path, MAX_MEDIA_BYTES) as websocket:
            await self._give(websocket, take)

    async def _give(self, websocket: aiohttp.ClientWebSocketResponse, take: Take) -> None:
        receiver = Receiver("provider")
        while (message := await websocket.receive()).type == aiohttp.WSMsgType.BINARY:
            self._count(len(message.data))
            self.media_bytes += len(message.data)
            if any(map(take, receiver.feed(message.data))):
                return
        if message.type == aiohttp.WSMsgType.CLOSE and message.data == TRY_LATER:
            raise Unavailable(str(message.extra or "the upstream cannot make it"))
        raise PeerError(ending(message))

    def _connected(
        self, session: aiohttp.ClientSession, path: str, most: int
    ) -> contextlib.AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        return connected(session, f"{self.url}{path}", self.token, most, self.context)


def parse_upstream(text: str) -> Upstream:
    """``ws://HUB:8080``, also ``wss``, ``http``, ``https``; ``?token=`` is its key. InputError."""
    try:
        url = parse_hub_url(text, "ws://hub.example:8080?token=KEY")
    except InputError as error:
        raise InputError(f"--upstream {error}") from None
    return Upstream(url.ws, url.token)
