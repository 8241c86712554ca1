"""Upstreams: the hubs from which this one takes channels."""

import asyncio
import time
from collections.abc import Callable, Sequence

import aiohttp

from televise import events
from televise.hub.channel import Channel
from televise.hub.hub import Hub
from televise.hub.relay import Relay
from televise.hub.supply import Callbacks, Supply
from televise.hub.upstream import Offer, Upstream
from televise.model.source import SourceSpec

# A channel that no upstream has any more stays for so long: it may come back.
GONE_SECONDS = 60.0
LOOK_SECONDS = 5.0


class Upstreams:
    """Follows ``upstreams`` and keeps the hub's channels to what they offer.

    A channel that the hub has of its own is not taken from them.
    """

    def __init__(
        self, hub: Hub, upstreams: Sequence[Upstream], viewers: Callable[[], dict[str, int]]
    ) -> None:
        self._hub = hub
        self._upstreams = upstreams
        self._viewers = viewers
        self._relays: dict[str, Relay] = {}
        self._seen: dict[str, float] = {}
        self._hidden: set[str] = set()
        self._change = asyncio.Event()
        self.session: aiohttp.ClientSession

    @property
    def all(self) -> Sequence[Upstream]:
        """Every one, connected or not."""
        return self._upstreams

    async def run(self) -> None:
        """Follow them all, until cancelled."""
        async with aiohttp.ClientSession() as self.session:
            follows = [
                each.follow(self.session, self._hub.node, self._viewers, self._update)
                for each in self._upstreams
            ]
            await asyncio.gather(*follows, self._forget())

    def best(self, name: str, avoid: Upstream | None = None) -> Upstream | None:
        """The one with the shortest way to a live source; in the order given where equal."""
        having = [each for each in self._upstreams if name in each.offers]
        others = [each for each in having if each is not avoid] or having
        return min(others, key=lambda each: _rank(each.offers[name]), default=None)

    async def wait(self) -> None:
        """Wait for news of any of them."""
        await self._change.wait()

    def _update(self) -> None:
        self._change.set()
        self._change.clear()
        names = dict.fromkeys(name for each in self._upstreams for name in each.offers)
        for name in names:
            self._seen[name] = time.monotonic()
            if name not in self._relays:
                self._add(name)
        for name, relay in self._relays.items():
            best = self.best(name)
            offer = best.offers[name] if best else None
            if offer is not None:
                self._hub.channel(name).path = offer.path
            relay.offered(offer)
        for upstream in self._upstreams:
            if not upstream.connected:
                for relay in self._relays.values():
                    relay.lost(upstream)

    def _add(self, name: str) -> None:
        if self._hub.has(name):
            if name not in self._hidden:
                self._hidden.add(name)
                events.warning("an upstream has a channel of the same name", channel=name)
            return
        spec = SourceSpec("relay", "relay:", name, "relay:")
        self._hub.add(spec, lambda callbacks: self._supply(name, callbacks))

    def _supply(self, name: str, callbacks: Callbacks) -> Supply:
        relay = self._relays[name] = Relay(name, self, callbacks)
        return relay

    async def _forget(self) -> None:
        """Remove channels that no upstream has had for a while, and nobody watches."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = time.monotonic()
            for name in list(self._relays):
                channel: Channel = self._hub.channel(name)
                gone = now - self._seen[name] > GONE_SECONDS and self.best(name) is None
                if gone and not channel.encodings:
                    del self._relays[name], self._seen[name]
                    await self._hub.remove(name)


def _rank(offer: Offer) -> tuple[bool, int]:
    return offer.state not in ("live", "idle"), len(offer.path)
