"""MainHub: the hub that a fan-out process belongs to, as its only upstream."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp

from televise.fanout.main_link import MainLink
from televise.hub.channel import Channel
from televise.hub.hub import Hub
from televise.hub.relays.link_client import Take, target
from televise.hub.relays.offer import parse_announcement
from televise.hub.relays.upstream import Upstream
from televise.hub.relays.watchers import Viewers
from televise.link.messages import Look
from televise.model.rendition import Rendition


class MainHub(Upstream):
    """Its channels are told to `announce`, and end when it has them no more. Both have the same
    clock, and between them is nothing that could carry too little. ``folder`` has the hub's Unix
    socket for ``port``, at which ``session`` asks."""

    adapts = False

    def __init__(self, hub: Hub, port: int, folder: Path, session: aiohttp.ClientSession) -> None:
        self._host, self._socket = f"localhost:{port}", folder / str(port)
        super().__init__(f"ws://{self._host}")
        self._hub = hub
        self._changed: Callable[[], None] = _nobody
        self.followed = asyncio.Event()
        self._removing: set[asyncio.Task[None]] = set()
        self._session = session

    async def follow(
        self,
        session: aiohttp.ClientSession,
        node: str,
        viewers: Viewers,
        changed: Callable[[], None],
    ) -> None:
        """It tells by itself what it has: ``changed`` is called each time that is another."""
        self._us, self._changed = node, changed
        changed()
        self.followed.set()
        await asyncio.Event().wait()

    def announce(self, text: str) -> None:
        """This is what it has now. FormatError."""
        self.node, self.offers = parse_announcement(text, self._us)
        self.connected, self.reason = True, ""
        loop = asyncio.get_running_loop()
        for channel in self._hub.channels:
            if channel.name not in self.offers:
                removing = loop.create_task(self._remove(channel))
                self._removing.add(removing)
                removing.add_done_callback(self._removing.discard)
        loop.call_soon(self._changed)  # those are gone by then

    async def _remove(self, channel: Channel) -> None:
        """Unless it has gone already: two announcements may come at once."""
        if channel in self._hub.channels:
            await self._hub.remove(channel.name)

    async def carry(
        self, session: aiohttp.ClientSession, name: str, rendition: Rendition, take: Take
    ) -> None:
        path = target("/api/link/{}", name, rendition, {"node": self._us})
        link = MainLink(self._host, path, take)
        with self._carried(name, rendition, link.want_keyframe):
            await link.run(self._socket)

    async def look(self, session: aiohttp.ClientSession, name: str, look: Look, take: Take) -> None:
        await super().look(self._session, name, look, take)


def _nobody() -> None:
    """Who is told of changes before anybody follows."""
