"""Seats: who may publish which channel; one publisher at a time sits on it."""

from televise import events
from televise.errors import Forbidden, LimitReached
from televise.hub.channel import Channel
from televise.hub.hub import Hub
from televise.hub.publishing import Publishing
from televise.model.name import check_name
from televise.model.source import parse_source
from televise.web.keys import Grant, Keys

# Channels that publishers have made.
MAX_NEW_CHANNELS = 64


class Seats:
    """Checks keys and gives seats. ``new_channels``: publishers may also make channels."""

    def __init__(self, hub: Hub, keys: Keys, *, new_channels: bool) -> None:
        self._hub = hub
        self._keys = keys
        self._new_channels = new_channels
        self._made: set[str] = set()

    def take(
        self, name: str, token: str, address: str, format: str, *, take_over: bool = False
    ) -> Publishing:
        """A seat on channel ``name``; its publisher sends ``format``, see `Channel.publish`.

        Unauthorized, Forbidden, UnknownChannel, Busy, LimitReached, Unavailable.
        """
        grant = self.check(name, token)
        if take_over and not grant.take_over:
            raise Forbidden("this key does not allow to take over: see televise token --take-over")
        publishing = self._channel(name).publish(format, address, take_over=take_over)
        events.info("publisher joined", channel=name, format=format or "unknown", address=address)
        return publishing

    def check(self, name: str, token: str) -> Grant:
        """What ``token`` allows who publishes ``name``. Unauthorized, Forbidden."""
        return self._keys.check(token, name, "publish")

    def _channel(self, name: str) -> Channel:
        if self._hub.has(name) or not self._new_channels:
            return self._hub.channel(name)
        if len(self._made) >= MAX_NEW_CHANNELS:
            raise LimitReached(f"publishers have made {MAX_NEW_CHANNELS} channels already")
        self._made.add(check_name(name))
        channel = self._hub.add(parse_source(f"{name}=publish:"))
        channel.open()
        return channel
