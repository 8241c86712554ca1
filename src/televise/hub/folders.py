"""Folders: one channel for each sub-directory of a directory (``dir:frames/*``)."""

import asyncio
import os
from pathlib import PurePath
from urllib.parse import quote

from televise import events
from televise.errors import InputError, LimitReached
from televise.hub.channel import Channel
from televise.hub.hub import Hub
from televise.model.name import check_name
from televise.model.options import parse_directory
from televise.model.source import SourceSpec, parse_source

INTERVAL_SECONDS = 1.0
MAX_CHANNELS = 1000


class Folders:
    """Adds a channel to ``hub`` for each sub-directory of ``spec``, and removes it with that.

    The channels are named after the sub-directories, as NAME-SUB where ``spec`` has a name. Those
    whose names cannot be channels' are told of once. Symbolic links and hidden ones are left out.
    """

    def __init__(self, hub: Hub, spec: SourceSpec) -> None:
        self._hub = hub
        self._prefix = f"{spec.name}-" if spec.name else ""
        self._path = parse_directory(spec.text).path.removesuffix("*") or "."
        _, mark, options = spec.text.partition("?")
        self._options = f"{mark}{options}"
        self._channels: dict[str, str] = {}
        self._left_out: dict[str, str] = {}

    async def run(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(INTERVAL_SECONDS)

    async def look(self) -> None:
        """Make the channels those of the sub-directories that there are now."""
        found = await self._find()
        for gone in self._channels.keys() - set(found):
            await self._remove(gone)
        for name in found:
            if name not in self._channels:
                self._add(name)

    async def _find(self) -> list[str]:
        """The sub-directories; those that we have where nobody knows."""
        try:
            found = await asyncio.to_thread(_sub_directories, self._path)
        except (FileNotFoundError, NotADirectoryError) as error:
            self._leave_out(self._path, f"it cannot be listed: {error.strerror}")
            return []
        except OSError as error:  # a disk on the network has trouble, or we have
            why = f"it cannot be listed: {error.strerror}; those that there are stay"
            self._leave_out(self._path, why)
            return list(self._channels)
        self._left_out = {name: why for name, why in self._left_out.items() if name in found}
        return found

    async def keep(self) -> None:
        """Keep all of them as the hub says now."""
        for channel in map(self._hub.channel, filter(self._hub.has, self._channels.values())):
            policy = self._hub.policy(channel.name)
            if channel.state == "idle":
                channel.policy = policy
                _open_kept(channel)
            elif channel.policy != policy:
                await channel.change(channel.spec, policy)

    async def close(self) -> None:
        """Remove all of them."""
        for name in list(self._channels):
            await self._remove(name)

    async def _remove(self, name: str) -> None:
        channel = self._channels.pop(name)
        # Somebody may have ended it, and made another of that name.
        if self._hub.has(channel) and self._hub.channel(channel).spec.kind == "directory":
            await self._hub.remove(channel)

    def _add(self, name: str) -> None:
        """One more."""
        try:
            if len(self._channels) >= MAX_CHANNELS:
                raise LimitReached(f"there are {MAX_CHANNELS} already: delete some")
            channel = check_name(f"{self._prefix}{name}")
            path = quote(str(PurePath(self._path, name)))
            added = self._hub.add(parse_source(f"{channel}=dir:{path}{self._options}"))
        except (InputError, LimitReached) as error:
            self._leave_out(name, str(error))
        else:
            self._channels[name] = channel
            _open_kept(added)

    def _leave_out(self, name: str, reason: str) -> None:
        if self._left_out.get(name) != reason:
            self._left_out[name] = reason
            events.warning(f"no channel for {name}", reason=reason)


def _open_kept(channel: Channel) -> None:
    """Others are not opened yet: nobody watches, and there may be hundreds."""
    if channel.policy.keep_open:
        channel.open()


def _sub_directories(path: str) -> list[str]:
    with os.scandir(path) as entries:
        found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    return sorted(name for name in found if not name.startswith("."))
