"""Hub: all channels of this process."""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping

from televise.errors import InputError, UnknownChannel
from televise.hub.budget import UNLIMITED, Budget
from televise.hub.channel import Channel
from televise.hub.policy import DEFAULT, Policy
from televise.hub.supply import MakeSupply
from televise.link.messages import Allow
from televise.model.source import SourceSpec

# What others take as the name of a hub has 64 letters at most.
MAX_NAME = 50


class Hub:
    """The channels by name; ``node`` is its own, that of no other hub, and begins with its ``name``
    if it has one. It must be made inside a running event loop."""

    def __init__(
        self,
        specs: Iterable[SourceSpec] = (),
        policy: Policy = DEFAULT,
        policies: Mapping[str, Policy] | None = None,
        name: str = "",
    ) -> None:
        self.node = f"{name[:MAX_NAME]}-{secrets.token_hex(4)}" if name else secrets.token_hex(8)
        self._channels: dict[str, Channel] = {}
        self._ending: set[asyncio.Task[None]] = set()
        # What is encoded here, and what other hubs encode, which costs us nothing.
        self.budget, self._elsewhere = Budget(), Budget(megapixels=UNLIMITED)
        self.set_policies(policy, policies or {})
        self._allowed = Allow()
        self._listeners: list[Callable[[Channel], None]] = []
        for spec in specs:
            self.add(spec)

    @property
    def channels(self) -> list[Channel]:
        """All channels, in the order in which they were given."""
        return list(self._channels.values())

    def channel(self, name: str) -> Channel:
        """The channel of this name; UnknownChannel knows those that there are."""
        if channel := self._channels.get(name):
            return channel
        raise UnknownChannel(f"no channel {name!r}", list(self._channels))

    def has(self, name: str) -> bool:
        """Whether there is a channel of this name."""
        return name in self._channels

    def policy(self, name: str) -> Policy:
        """How a channel of this name is kept."""
        return self._policies.get(name, self._policy)

    def set_policies(self, policy: Policy, policies: Mapping[str, Policy]) -> None:
        """How channels are kept that are made from now on, and those of other hubs; ``policies``
        are those of some names."""
        self._policy, self._policies = policy, policies
        for channel in self.channels:
            if channel.spec.kind == "relay":
                channel.policy = self.policy(channel.name)

    def set_budget(self, renditions: int, megapixels: int) -> None:
        """So many renditions of a channel, and megapixels a second of all; see `Budget`."""
        self.budget.set(renditions, megapixels)
        self._elsewhere.set(renditions, UNLIMITED)

    def allow(self, allowed: Allow) -> None:
        """So much may the worker of each source take, from now on."""
        self._allowed = allowed
        for channel in self.channels:
            channel.allow(allowed)

    def add(self, spec: SourceSpec, make_supply: MakeSupply | None = None) -> Channel:
        """One more channel, to be opened yet. InputError where there is one of its name."""
        if spec.name in self._channels:
            raise InputError(
                f"two channels are named {spec.name!r}: name one, as in other={spec.shown}"
            )
        budget = self._elsewhere if make_supply else self.budget
        policy = self.policy(spec.name)
        channel = self._channels[spec.name] = Channel(spec, policy, make_supply, budget)
        channel.allow(self._allowed)
        for listener in self._listeners:
            listener(channel)
        return channel

    async def remove(self, name: str) -> None:
        """End a channel; its viewers are told. UnknownChannel."""
        channel = self.channel(name)
        del self._channels[name]
        # Whoever asked for it may be gone before its worker is.
        ending = asyncio.get_running_loop().create_task(channel.close())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        await asyncio.shield(ending)

    def on_channel(self, listener: Callable[[Channel], None]) -> None:
        """Call ``listener`` with every channel that there is, and with every one that comes."""
        self._listeners.append(listener)
        for channel in self.channels:
            listener(channel)

    def off_channel(self, listener: Callable[[Channel], None]) -> None:
        """Call ``listener`` no more."""
        self._listeners.remove(listener)

    async def close(self) -> None:
        """End all workers, those of channels that are being removed among them."""
        await asyncio.gather(*(channel.close() for channel in self.channels), *self._ending)
