"""Hubs that take channels from each other, inside the test's own event loop."""

import contextlib
import json
import os
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from televise import events
from televise.hub.relays.upstream import Upstream, parse_upstream
from televise.link.messages import Epoch, Media, Message
from televise.link.protocol import Receiver
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.source import parse_source
from televise.server import Server
from televise.settings import Settings
from tests.support.server import SOURCE_FOLDER, Serving
from tests.support.waiting import until

SMALL = "cam=pattern:?size=160x120&fps=15"
WHOLE = Rendition("h264", "aac")


def to(*ports: int, token: str = "") -> list[Upstream]:
    """Upstreams on these ports of loopback."""
    key = f"?token={token}" if token else ""
    return [parse_upstream(f"ws://127.0.0.1:{port}{key}") for port in ports]


@contextlib.asynccontextmanager
async def hub(
    *sources: str, upstreams: Sequence[Upstream] = (), port: int = 0, **settings: Any
) -> AsyncIterator[Serving]:
    """A hub with these sources, and with what its upstreams have."""
    os.environ.setdefault("PYTHONPATH", str(SOURCE_FOLDER))  # for the workers
    specs = [parse_source(source) for source in sources]
    server = Server(specs, Settings(port=port, upstreams=upstreams, **settings))
    try:
        await server.start()
        async with aiohttp.ClientSession() as session:
            yield Serving(server, session)
    finally:
        await server.close()


async def has(tv: Serving, name: str = "cam") -> None:
    """Wait until ``tv`` has a way to the channel."""
    await until(lambda: tv.server.hub.has(name) and tv.channel(name).path is not None)


async def all_connected(tv: Serving) -> None:
    await until(lambda: all(each.connected for each in tv.server._upstreams.all))


def link_ends(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why links end from now on, as the log tells."""
    reasons: list[str] = []

    def hear(event: str, **fields: object) -> None:
        if event == "link ended":
            reasons.append(str(fields["reason"]))

    monkeypatch.setattr(events, "info", hear)
    return reasons


def through(*hubs: Serving) -> tuple[str, ...]:
    """The path of a channel that comes through these."""
    return tuple(tv.server.hub.node for tv in hubs)


def ages_at(above: Serving, below: Serving) -> dict[str, float]:
    """How old pictures of the channel are at one hub, as is known at another."""
    hubs = above.edge.census.below()
    hubs += [each for hub in hubs for each in hub["hubs"]]
    found = [each["ages"].get("cam", {}) for each in hubs if each["node"] == below.server.hub.node]
    return dict(found[0]) if found else {}


class Taker:
    """A client of a hub's link, as another hub is one: it notes all that comes."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self.websocket = websocket
        self.messages: list[Message] = []
        self._receiver = Receiver("provider")

    @property
    def packets(self) -> list[Packet]:
        return [each.packet for each in self.messages if isinstance(each, Media)]

    @property
    def epochs(self) -> list[int]:
        return [each.epoch for each in self.messages if isinstance(each, Epoch)]

    async def take(self, count: int) -> list[Packet]:
        """So many more packets."""
        wanted = len(self.packets) + count
        while len(self.packets) < wanted:
            message = await self.websocket.receive(40)
            assert message.type == aiohttp.WSMsgType.BINARY, message
            self.messages += self._receiver.feed(message.data)
        return self.packets[wanted - count : wanted]


@contextlib.asynccontextmanager
async def taking(
    tv: Serving, name: str = "cam", rendition: Rendition = WHOLE
) -> AsyncIterator[Taker]:
    """Take one rendition of a channel."""
    query = {"rendition": json.dumps(rendition.to_json())}
    url = f"ws://{tv.authority}/api/link/{name}"
    async with tv.session.ws_connect(url, params=query, protocols=["televise.link.v1"]) as socket:
        yield Taker(socket)


def gaps(packets: Sequence[Packet]) -> int:
    """How many are missing between them; a gap must end at a keyframe, and nothing comes twice."""
    missing = 0
    for before, after in pairwise(packets):
        if before.epoch != after.epoch:
            assert after.keyframe
            continue
        assert after.sequence > before.sequence, "in order, and nothing twice"
        if after.sequence > before.sequence + 1:
            assert after.keyframe, "what follows a gap needs nothing of it"
            missing += after.sequence - before.sequence - 1
    return missing
