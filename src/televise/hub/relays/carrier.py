"""Carrier: keeps one rendition of a channel coming, from the best upstream that has it."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import aiohttp

from televise import events
from televise.errors import FormatError, PeerError, Unavailable
from televise.formats.strict_json import compact
from televise.hub.relays.adapted import Adapted
from televise.hub.relays.endings import explained
from televise.hub.relays.upstream import Upstream
from televise.link.messages import Epoch, Media, Message, Missing, Note, Refused, Subscribe
from televise.model.backoff import Backoff
from televise.model.packet import Packet

# What a stranger's numbers may be: sums of them still have 64 bits.
MAX_TICKS = 1 << 62
MAX_NOTE_BYTES = 64 << 10


class Choice(Protocol):
    """The upstreams that there are."""

    session: aiohttp.ClientSession

    def best(self, name: str, avoid: Upstream | None = None) -> Upstream | None:
        """One that has channel ``name``, another than ``avoid`` if there is one as good."""

    async def wait(self) -> None:
        """Wait until something about them has changed."""


class Carrier:
    """One connection at a time, and after it the next one, for as long as `run` runs.

    Everywhere the newest keyframe comes first; what has been had already is known by its epoch and
    sequence. A link that cannot carry it gets something smaller to carry, until it can: see
    ``taken``.
    """

    def __init__(
        self, name: str, wanted: Subscribe, choice: Choice, received: Callable[[Message], None]
    ) -> None:
        self._name = name
        self._wanted = wanted
        self.taken = Adapted(wanted.rendition)
        self._choice = choice
        self._received = received
        self._carrying: asyncio.Task[str] | None = None
        # Why it was ended by us.
        self._left = ""
        self.upstream: Upstream | None = None

    @property
    def node(self) -> str:
        """The hub from which it comes now; '' where that is not known."""
        upstream = self.upstream
        offer = upstream.offers.get(self._name) if upstream else None
        return offer.path[-1] if offer else ""

    def review(self) -> None:
        """Leave an upstream that is gone, or has no picture where another has one."""
        best = self._choice.best(self._name, avoid=None)
        left = self.upstream
        if left is None or self._carrying is None or left is best:
            return
        if self._name not in left.offers:
            lost = left.reason or "it is no upstream any more"
            self._left = "it has the channel no more" if left.connected else lost
        elif best and best.shows(self._name) and not left.shows(self._name):
            self._left = "it says nothing" if left.quiet else "another is better"
        else:
            return
        self._carrying.cancel()

    async def want_keyframe(self) -> None:
        """Ask for one where it is taken from now."""
        if self.upstream is not None:
            await self.upstream.want_keyframe(self._name, self.taken.rendition)

    async def run(self) -> None:
        """Until it is cancelled, or an upstream says that it cannot be made."""
        backoff, failed = Backoff(), None
        while True:
            upstream = self._choice.best(self._name, avoid=failed)
            if upstream is None:
                await self._choice.wait()
                continue
            level = self.taken.level
            try:
                reason = await self._try(upstream, backoff)
            except Unavailable as error:
                if self.taken.refused():
                    continue
                self._received(Refused(self._wanted.id, str(error)))
                return
            events.info("link ended", channel=self._name, upstream=upstream.url, reason=reason)
            if self.taken.level == level:
                failed = upstream
                await asyncio.sleep(backoff.next(random.random()) / 2)

    async def _try(self, upstream: Upstream, backoff: Backoff) -> str:
        """One connection; a task of its own, which can be ended without ending us."""
        self.upstream = upstream
        self._carrying = asyncio.create_task(self._carry(upstream, backoff))
        try:
            await asyncio.wait([self._carrying])
        finally:
            self.upstream = None
            self._carrying.cancel()
            await asyncio.wait([self._carrying])
        return self._left if self._carrying.cancelled() else self._carrying.result()

    async def _carry(self, upstream: Upstream, backoff: Backoff) -> str:
        """Returns why it has ended; Unavailable."""
        self.taken.connect(fixed=not upstream.adapts)

        def take(message: Message) -> bool:
            backoff.reset()
            return self._pass(message, upstream)

        try:
            await upstream.carry(self._choice.session, self._name, self.taken.rendition, take)
        except (aiohttp.ClientError, OSError, TimeoutError, PeerError) as error:
            return explained(error, upstream.url)
        except Unavailable:
            raise
        except Exception as error:
            events.error("what an upstream sends cannot be used")
            return repr(error)
        return "another size is tried"

    def _pass(self, message: Message, upstream: Upstream) -> bool:
        """With our own number for it, and times by our own clock. True: it must be smaller now, or
        may be larger."""
        number = self._wanted.id
        if isinstance(message, Media):
            packet = ours(message.packet, upstream.clock.offset)
            self._received(Media(number, packet))
            return self.taken.arrived(packet, time.monotonic())
        if isinstance(message, Epoch):
            check_tracks(message)
            self.taken.begin(message.tracks)
            self._received(replace(message, id=number))
        elif isinstance(message, Missing):
            self._received(replace(message, id=number))
        elif isinstance(message, Note):
            self._received(our_note(message, upstream.clock.offset))
        return False


def ours(packet: Packet, offset: int) -> Packet:
    """A packet of another hub, captured by our clock. FormatError where its numbers cannot be."""
    if not 0 <= packet.dts <= packet.pts < MAX_TICKS or not packet.data:
        raise FormatError("a packet that cannot be")
    if not offset:
        return packet
    return replace(packet, captured=min(max(0, packet.captured + offset), MAX_TICKS))


def our_note(note: Note, offset: int) -> Note:
    """The same of what another hub tells with a packet. FormatError where it is no JSON, of which
    viewers could read nothing."""
    if len(note.text) > MAX_NOTE_BYTES:
        raise FormatError(f"a note of more than {MAX_NOTE_BYTES >> 10} KB")
    return Note(max(0, note.captured + offset), compact(note.text))


def check_tracks(epoch: Epoch) -> None:
    """FormatError where a muxer could not use them."""
    if not epoch.tracks or not all(track.timescale for track in epoch.tracks):
        raise FormatError("an epoch without tracks, or with one without time")
