"""Opening: whether the sources have been tried, and whether what was typed is wrong."""

import asyncio
from collections.abc import Collection, Iterable

from televise.errors import SourceError
from televise.hub.channel import Channel
from televise.hub.hub import Hub
from televise.model.source import SourceSpec


class Opening:
    """Of the sources of ``hub``.

    Where one of those that were ``typed`` proves to be no media, that is a mistake of who is there
    and sees it; of a file's, the others are shown all the same.
    """

    def __init__(self, hub: Hub, specs: Iterable[SourceSpec], typed: Collection[str]) -> None:
        self._hub = hub
        local = (spec for spec in specs if spec.kind in ("file", "stdin"))
        self._typed = {spec for spec in local if spec.name in typed}
        self._failed: asyncio.Future[Channel] = asyncio.get_running_loop().create_future()
        self._settled = asyncio.Event()

    def begin(self) -> None:
        """Look at the channels from now on."""
        self._hub.on_channel(lambda channel: channel.listeners.add(self._note_state))

    def change(self, specs: Iterable[SourceSpec]) -> None:
        """These are the sources now; none of them was typed later."""
        self._typed.intersection_update(specs)

    async def failed(self) -> SourceError:
        """Wait for a source that never worked and never will: what its user typed is wrong."""
        channel = await self._failed
        return SourceError(channel.text, final=True)

    async def settled(self) -> None:
        """Wait until every source has been opened, or has been tried."""
        await self._settled.wait()

    def _note_state(self, channel: Channel) -> None:
        # What a network brings may be wrong too, but then its sender is, not what was typed here.
        typed = channel.spec in self._typed
        wrong = channel.final and not channel.was_live and channel.state == "offline"
        if typed and wrong and not self._failed.done():
            self._failed.set_result(channel)
        elif all(each.state != "connecting" for each in self._hub.channels):
            self._settled.set()
