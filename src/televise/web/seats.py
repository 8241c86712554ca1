"""Seats: who may publish which channel; one publisher at a time sits on it."""

import asyncio
from collections.abc import Callable

from televise import events
from televise.errors import Forbidden, Unauthorized, Unavailable
from televise.hub.channel import Channel
from televise.hub.hub import Hub
from televise.hub.publishing import Publishing
from televise.hub.relays.uplink import Uplink
from televise.model.allowed import ALLOWED
from televise.model.name import check_name
from televise.model.refusals import refuse
from televise.model.source import parse_source
from televise.web.sizes import Sizes
from televise.web.trust.keys import Grant, Keys
from televise.web.trust.visits import Visit, Visits

# Channels that publishers have made.
MAX_NEW_CHANNELS = 64
# One of them that nobody publishes or watches any more is forgotten after so long.
UNUSED_SECONDS = 60.0


class Seats:
    """Checks keys and gives seats. ``new_channels``: publishers may also make channels; ``sizes``:
    how large what they send may be."""

    def __init__(self, hub: Hub, keys: Keys, *, new_channels: bool) -> None:
        self._hub = hub
        self._keys = keys
        self.new_channels = new_channels
        # In a fan-out process: its hub knows what may be published, and is asked.
        self.elsewhere = False
        self.max_publishers = ALLOWED["publishers"].usual
        self.sizes = Sizes()
        self.visits = Visits(keys.revoked)
        self._made: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._removing: set[asyncio.Task[None]] = set()

    @property
    def publishers(self) -> int:
        """How many publish now."""
        return sum(channel.publisher is not None for channel in self._hub.channels)

    def take(
        self,
        name: str,
        token: str,
        address: str,
        format: str,
        uplink: Uplink | None = None,
        *,
        take_over: bool = False,
    ) -> Publishing:
        """A seat on channel ``name``; its publisher sends ``format``, see `Channel.publish`.

        Unauthorized, Forbidden, UnknownChannel, Busy, LimitReached, Unavailable.
        """
        grant = self._granted(name, token, take_over=take_over)
        publishing = self._channel(name).publish(format, address, uplink, take_over=take_over)
        # Until its key ends.
        visit = self.visits.enter([grant], lambda reason: publishing.send_away(reason, Forbidden))
        publishing.on_end = lambda: self.visits.leave(visit)
        events.info("publisher joined", channel=name, format=format or "unknown", address=address)
        return publishing

    def take_shared(self, name: str, token: str, address: str, format: str) -> Publishing:
        """The same for several publishers, each of whom must `share` it."""
        self._granted(name, token, take_over=False)
        return self._channel(name).publish(format, address)

    def share(
        self, name: str, token: str, address: str, format: str, end: Callable[[str], None]
    ) -> Visit:
        """One of those who share a seat, until they leave (`Visits.leave`); ``end`` is called with
        the reason where their key ends. Unauthorized, Forbidden."""
        visit = self.visits.enter([self.check(name, token)], end)
        events.info("publisher joined", channel=name, format=format, address=address)
        return visit

    def _granted(self, name: str, token: str, *, take_over: bool) -> Grant:
        grant = self.check(name, token)
        if take_over and not grant.take_over:
            raise Forbidden("this key does not allow to take over: see televise token --take-over")
        if self.publishers >= self.max_publishers and not self._is_taken(name):
            raise refuse(
                "publishers", f"{self.max_publishers} publish here already: try again later"
            )
        return grant

    def _is_taken(self, name: str) -> bool:
        """Whether somebody publishes it: another one may take the place, but not one more."""
        return self._hub.has(name) and self._hub.channel(name).publisher is not None

    def is_for_publishing(self, name: str, token: str) -> bool:
        """Whether somebody with this token wants to publish ``name``: with one that is worthless,
        too, for that is to be told. Into a channel that cannot be published into, it is an old
        link of somebody who wants to watch."""
        try:
            return self._keys.verify(token, "publish").can == "publish"
        except (Unauthorized, Unavailable):
            if self.elsewhere:
                return True
            if self._hub.has(name):
                return self._hub.channel(name).spec.kind == "publish"
            return self.new_channels

    def check(self, name: str, token: str) -> Grant:
        """What ``token`` allows who publishes ``name``. Unauthorized, Forbidden."""
        return self._keys.check(token, name, "publish")

    def _channel(self, name: str) -> Channel:
        if self._hub.has(name) or not self.new_channels:
            return self._hub.channel(name)
        if len(self._made) >= MAX_NEW_CHANNELS:
            raise refuse(
                "new_channels", f"publishers have made {MAX_NEW_CHANNELS} channels already"
            )
        self._made.add(check_name(name))
        channel = self._hub.add(parse_source(f"{name}=publish:"))
        channel.listeners.add(self._watch)
        channel.open()
        return channel

    def _watch(self, channel: Channel) -> None:
        """At each change of a channel that was made by a publisher: perhaps it has gone."""
        if timer := self._timers.pop(channel.name, None):
            timer.cancel()
        if channel.closed:
            self._made.discard(channel.name)
        elif channel.publisher is None:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(UNUSED_SECONDS, self._forget, channel)
            self._timers[channel.name] = timer

    def _forget(self, channel: Channel) -> None:
        if channel.closed or channel.publisher is not None:
            return
        if channel.encodings:
            self._watch(channel)
            return
        self._made.discard(channel.name)
        removing = asyncio.get_running_loop().create_task(self._hub.remove(channel.name))
        self._removing.add(removing)
        removing.add_done_callback(self._removing.discard)
