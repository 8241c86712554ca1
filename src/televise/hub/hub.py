"""Hub: all channels of this process."""

import asyncio
from collections.abc import Iterable

from televise.errors import InputError, UnknownChannel
from televise.hub.channel import Channel
from televise.model.source import SourceSpec


class Hub:
    """The channels by name. It must be made inside a running event loop."""

    def __init__(self, specs: Iterable[SourceSpec]) -> None:
        self._channels: dict[str, Channel] = {}
        for spec in specs:
            if spec.name in self._channels:
                raise InputError(
                    f"two channels are named {spec.name!r}: name one, as in other={spec.shown}"
                )
            self._channels[spec.name] = Channel(spec)

    @property
    def channels(self) -> list[Channel]:
        """All channels, in the order in which they were given."""
        return list(self._channels.values())

    def channel(self, name: str) -> Channel:
        """The channel of this name; UnknownChannel lists those that there are."""
        if channel := self._channels.get(name):
            return channel
        known = ", ".join(self._channels) or "none"
        raise UnknownChannel(f"no channel {name!r}; there is: {known}")

    def open(self) -> None:
        """Start all sources."""
        for channel in self.channels:
            channel.open()

    async def close(self) -> None:
        """End all workers."""
        await asyncio.gather(*(channel.close() for channel in self.channels))
