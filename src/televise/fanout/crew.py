"""Crew: all fan-out processes of a hub."""

import asyncio
import base64
import contextlib
import json
import pickle
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from televise.errors import InputError
from televise.fanout.member import Member
from televise.hub.channel import Channel
from televise.hub.relays.announcement import full_announcement
from televise.web.edge import Edge
from televise.web.trust.suspects import Suspects

# Several changes at once are told together.
SETTLE_SECONDS = 0.05
START_SECONDS = 30.0
MOST = 64


def check_count(count: int) -> None:
    """InputError where this system cannot have so many processes; one is no crew."""
    if count > 1 and sys.platform != "linux":
        raise InputError(
            f"--workers {count}: only Linux spreads the connections to a port over processes: "
            "leave it out"
        )
    if count > MOST:
        raise InputError(f"--workers {count}: {MOST} at most, as in one for each core")


class Crew:
    """Runs ``count`` processes, and keeps them informed. They hand on to Unix sockets in a folder
    that is for us alone."""

    def __init__(self, count: int, edge: Edge, suspects: Suspects) -> None:
        """InputError where this system cannot have so many."""
        check_count(count)
        self._count = count
        self._edge = edge
        self._suspects = suspects
        self._folder = Path(tempfile.mkdtemp(prefix="televise-"))
        self._news = asyncio.Event()
        self._telling: asyncio.Task[None] | None = None
        self.members: list[Member] = []

    def path(self, port: int) -> Path:
        """Where the requests that come on ``port`` are handed on."""
        return self._folder / str(port)

    async def start(self, settings: Any, ports: Sequence[int]) -> None:
        """Start all of them, with these settings, on these ports. InputError where that fails."""
        serve = {"type": "serve", "settings": _packed(settings), "ports": list(ports)}
        serve["folder"] = str(self._folder)
        numbers = range(1, self._count + 1)
        place = self._edge, self._suspects
        self.members = [Member(each, *place, serve, self._news.set) for each in numbers]
        self._edge.on_listen = self._news.set
        self._edge.accounts.elsewhere = self._account
        self._edge.hub.on_channel(self._hear)
        self._telling = asyncio.get_running_loop().create_task(self._tell())
        for member in self.members:
            member.start()
        await asyncio.wait([member.ready for member in self.members], timeout=START_SECONDS)
        for member in self.members:
            reason = member.ready.result() if member.ready.done() else "they do not start"
            if reason:
                raise InputError(f"--workers {self._count}: {reason}")

    def change(self, settings: Any) -> None:
        """These are the settings from now on."""
        for member in self.members:
            member.change(_packed(settings))

    async def stop(self) -> None:
        """End them, after they have sent their viewers away."""
        if self._telling is not None:
            self._telling.cancel()
        await asyncio.gather(*(member.stop() for member in self.members))
        with contextlib.suppress(OSError):
            shutil.rmtree(self._folder)

    async def _account(self, viewer: str) -> dict[str, Any] | None:
        """Of one that watches at any of them."""
        found = await asyncio.gather(*(member.account(viewer) for member in self.members))
        return next((each for each in found if each is not None), None)

    def _hear(self, channel: Channel) -> None:
        channel.listeners.add(self._note)
        self._news.set()

    def _note(self, channel: Channel) -> None:
        self._news.set()

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            hub = self._edge.hub
            text = json.dumps(full_announcement(hub.node, hub.channels), separators=(",", ":"))
            totals = {each.name: self._edge.census.viewers(each) for each in hub.channels}
            for member in self.members:
                member.tell(self._news_for(member, text, totals))
            await asyncio.sleep(SETTLE_SECONDS)

    def _news_for(self, member: Member, text: str, totals: dict[str, int]) -> dict[str, Any]:
        here = member.share.viewers if member.share else {}
        elsewhere = {name: count - here.get(name, 0) for name, count in totals.items()}
        return {
            "type": "news",
            "announcement": text,
            "listening": sorted(self._edge.listening),
            "elsewhere": elsewhere,
        }


def _packed(settings: Any) -> str:
    """As text; only our own processes read it."""
    return base64.b64encode(pickle.dumps(settings)).decode()
