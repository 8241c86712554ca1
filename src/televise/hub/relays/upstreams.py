"""Upstreams: the hubs from which this one takes channels."""

import asyncio
import ssl
import time
from collections.abc import Sequence
from functools import partial

import aiohttp

from televise import events
from televise.hub.hub import Hub
from televise.hub.relays.offer import MAX_CHANNELS, Offer
from televise.hub.relays.relay import Relay
from televise.hub.relays.upstream import Upstream
from televise.hub.relays.watchers import Watchers
from televise.hub.supply import Callbacks, Supply
from televise.model.source import SourceSpec

# A channel that no upstream has any more stays for so long: it may come back.
GONE_SECONDS = 60.0
LOOK_SECONDS = 5.0
LISTEN_SECONDS = 0.25


class Upstreams:
    """Follows ``upstreams`` and keeps the hub's channels to what they offer.

    A channel that the hub has of its own is not taken from them. They are told of the ``watchers``
    of those that they supply.
    """

    def __init__(
        self,
        hub: Hub,
        upstreams: Sequence[Upstream],
        watchers: Watchers,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._context = context
        self._hub = hub
        self._upstreams = list(upstreams)
        self._watchers = watchers
        self._following: dict[Upstream, asyncio.Task[None]] = {}
        self._relays: dict[str, Relay] = {}
        self._seen: dict[str, float] = {}
        self._hidden: set[str] = set()
        self._change = asyncio.Event()
        self.session: aiohttp.ClientSession

    @property
    def all(self) -> Sequence[Upstream]:
        """Every one, connected or not."""
        return self._upstreams

    @property
    def relays(self) -> dict[str, Relay]:
        """Those channels that come from them."""
        return self._relays

    async def run(self) -> None:
        """Follow them all, until cancelled."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as self.session:
            for each in self._upstreams:
                self._follow(each)
            try:
                async with asyncio.TaskGroup() as looking:
                    looking.create_task(self._forget())
                    looking.create_task(self._listen())
            finally:
                await self._leave(*self._following)
                await asyncio.gather(*(relay.stop() for relay in self._relays.values()))

    async def change(self, upstreams: Sequence[Upstream]) -> None:
        """Follow these from now on, while `run` runs. One that is followed already goes on."""
        known = {each.key: each for each in self._upstreams}
        self._upstreams = [known.get(each.key, each) for each in upstreams]
        await self._leave(*(self._following.keys() - set(self._upstreams)))
        for each in self._upstreams:
            if each not in self._following:
                self._follow(each)
        self._update()

    def _follow(self, upstream: Upstream) -> None:
        upstream.watchers, upstream.context = self._watchers, self._context
        counts = partial(self._counts, upstream)
        follow = upstream.follow(self.session, self._hub.node, counts, self._update)
        self._following[upstream] = asyncio.get_running_loop().create_task(follow)

    async def _leave(self, *upstreams: Upstream) -> None:
        """What they offer is not to be had any more."""
        tasks = [self._following.pop(each) for each in upstreams]
        for upstream, task in zip(upstreams, tasks, strict=True):
            task.cancel()
            upstream.connected, upstream.offers = False, {}
        await asyncio.gather(*tasks, return_exceptions=True)

    def best(self, name: str, avoid: Upstream | None = None) -> Upstream | None:
        """The one with the shortest way to a live source; in the order given where equal.

        One to ``avoid`` comes after all others that have a picture.
        """
        having = [each for each in self._upstreams if name in each.offers]

        def rank(upstream: Upstream) -> tuple[bool, bool, int]:
            way = len(upstream.offers[name].path)
            return not upstream.shows(name), upstream is avoid, way

        return min(having, key=rank, default=None)

    async def wait(self) -> None:
        """Wait for news of any of them."""
        await self._change.wait()

    def _counts(self, upstream: Upstream) -> dict[str, int]:
        """Viewers of what comes from ``upstream``: others are told of the rest."""
        relays, counts = self._relays, self._watchers.counts()
        taken = [name for name in counts if name in relays and relays[name].upstream is upstream]
        return {name: counts[name] for name in taken}

    def _update(self) -> None:
        self._change.set()
        self._change.clear()
        now = time.monotonic()
        for name in dict.fromkeys(name for each in self._upstreams for name in each.offers):
            if not self._hub.has(name):
                self._add(name)
            if name in self._relays and self._is_ours(name):
                self._seen[name] = now
            elif self._hub.has(name) and name not in self._hidden:
                self._hidden.add(name)
                events.warning("an upstream has a channel of the same name", channel=name)
        for name, relay in list(self._relays.items()):
            if self._is_ours(name):
                offer = self._offer(name)
                self._hub.channel(name).reach(offer.path if offer else None)
                relay.review(offer)
            else:
                del self._relays[name]  # somebody has ended it here

    def _is_ours(self, name: str) -> bool:
        """Whether the channel of this name is a relay: somebody may have made another."""
        return self._hub.has(name) and self._hub.channel(name).spec.kind == "relay"

    def _offer(self, name: str) -> Offer | None:
        best = self.best(name)
        return best.offers[name] if best else None

    def _add(self, name: str) -> None:
        if len(self._relays) >= MAX_CHANNELS:
            events.warning("the upstreams have too many channels", limit=MAX_CHANNELS)
            return
        spec = SourceSpec("relay", "relay:", name, "relay:")
        self._hub.add(spec, lambda callbacks: self._supply(name, callbacks))

    def _supply(self, name: str, callbacks: Callbacks) -> Supply:
        relay = self._relays[name] = Relay(name, self, callbacks)
        return relay

    async def _listen(self) -> None:
        """Notice who says nothing any more."""
        before: list[Upstream] = []
        while True:
            await asyncio.sleep(LISTEN_SECONDS)
            quiet = [each for each in self._upstreams if each.quiet]
            if quiet != before:
                before = quiet
                self._update()

    async def _forget(self) -> None:
        """Remove channels that no upstream has had for a while, and nobody watches."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = time.monotonic()
            for name in list(self._relays):
                gone = now - self._seen[name] > GONE_SECONDS and self.best(name) is None
                if gone and self._is_ours(name) and not self._hub.channel(name).encodings:
                    del self._relays[name], self._seen[name]
                    await self._hub.remove(name)
