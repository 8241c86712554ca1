"""Roster: the channels that the operator has named, which may become others while the hub runs."""

import asyncio
from collections.abc import Sequence

from televise import events
from televise.hub.channel import Channel
from televise.hub.folders import Folders
from televise.hub.hub import Hub
from televise.model.source import SourceSpec


class Roster:
    """Keeps those channels of ``hub`` that have ``specs``; nobody else's are touched."""

    def __init__(self, hub: Hub, specs: Sequence[SourceSpec]) -> None:
        self._hub = hub
        self._channels: dict[str, Channel] = {}
        self._folders: dict[SourceSpec, Folders] = {}
        self._following: dict[SourceSpec, asyncio.Task[None]] = {}
        for spec in specs:
            if spec.kind == "directories":
                self._folders[spec] = Folders(hub, spec)
            else:
                self._channels[spec.name] = hub.add(spec)

    @property
    def grows(self) -> bool:
        """Whether channels may come without being named: those of sub-directories."""
        return bool(self._folders)

    async def open(self) -> None:
        """Start the sources of those that there are, and look for sub-directories."""
        for channel in self._channels.values():
            channel.open()
        for spec, folders in self._folders.items():
            # Channels of directories are opened by viewers: there may be hundreds.
            await folders.look()
            self._follow(spec, folders)

    async def change(self, specs: Sequence[SourceSpec]) -> None:
        """Make them those of ``specs``, and touch none that stays as it is."""
        wanted = {spec.name: spec for spec in specs if spec.kind != "directories"}
        await asyncio.gather(*(self._remove(name) for name in self._channels.keys() - wanted))
        await asyncio.gather(*(self._put(spec) for spec in wanted.values()))
        await self._change_folders([spec for spec in specs if spec.kind == "directories"])

    async def close(self) -> None:
        """Look for sub-directories no more."""
        await self._unfollow(*self._following)

    async def _remove(self, name: str) -> None:
        channel = self._channels.pop(name)
        if self._is_there(channel):
            await self._hub.remove(name)
            events.info("channel ended", channel=name)

    async def _put(self, spec: SourceSpec) -> None:
        """Add the channel, or give it what it is to have."""
        channel = self._channels.get(spec.name)
        if channel is not None and self._is_there(channel):
            policy = self._hub.policy(spec.name)
            if (channel.spec, channel.policy) != (spec, policy):
                events.info("channel changed", channel=spec.name, source=spec.shown)
                await channel.change(spec, policy)
            return
        if self._hub.has(spec.name):
            await self._hub.remove(spec.name)  # another hub's, or somebody has made it
        channel = self._channels[spec.name] = self._hub.add(spec)
        channel.open()
        events.info("channel made", channel=spec.name, source=spec.shown)

    def _is_there(self, channel: Channel) -> bool:
        """Whether it is the hub's still: it may have been ended, and another made of its name."""
        return self._hub.has(channel.name) and self._hub.channel(channel.name) is channel

    async def _change_folders(self, specs: Sequence[SourceSpec]) -> None:
        for spec in self._folders.keys() - set(specs):
            await self._unfollow(spec)
            await self._folders.pop(spec).close()
        for folders in self._folders.values():
            await folders.keep()
        for spec in specs:
            if spec not in self._folders:
                folders = self._folders[spec] = Folders(self._hub, spec)
                self._follow(spec, folders)

    def _follow(self, spec: SourceSpec, folders: Folders) -> None:
        self._following[spec] = asyncio.get_running_loop().create_task(folders.run())

    async def _unfollow(self, *specs: SourceSpec) -> None:
        tasks = [self._following.pop(spec) for spec in specs]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
