"""Branch: a fan-out process. It serves viewers for a hub, which tells it what to do over a link,
until that is closed; what is not for viewers it hands on to the hub.

Started by `televise.fanout.member` as ``python -m televise.processes.branch NUMBER``, NUMBER being
the inherited file descriptor of the link.
"""

import asyncio
import base64
import contextlib
import os
import pickle
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from televise import events
from televise.dialects import Mounted
from televise.errors import TeleviseError, UnknownChannel
from televise.fanout.admission import RemoteAdmission
from televise.fanout.forward import forward
from televise.fanout.main_hub import MainHub
from televise.hub.relays.upstreams import Upstreams
from televise.ingest.link import FIELDS_BYTES, publishes_by_link
from televise.ingest.websocket import publishes
from televise.link.lines import LinesLink
from televise.link.local import inherited
from televise.model import refusals
from televise.server import OUTPUTS, Server
from televise.settings import Settings
from televise.web import wall
from televise.web.app import make_bare_app
from televise.web.share import Share, rendition_key
from televise.web.shown import Shown
from televise.web.trust.guard import Need
from televise.web.trust.security import Gate

# How often it is looked whether the viewers are others, and how often they are told anyway.
LOOK_SECONDS, TELL_SECONDS = 0.2, 0.4
CLOSE_SECONDS = 1.2


def main() -> None:
    """Serve until the hub goes, or closes the link."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the hub will say when to end
    events.configure()
    events.leave_out("channel ")
    asyncio.run(_Process().run(int(sys.argv[1])))
    os._exit(0)


class _Process:
    """The link, and the branch that is made when the hub says how."""

    def __init__(self) -> None:
        self._branch: Branch | None = None
        self._folder = ""
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._dismissed = False

    async def run(self, number: int) -> None:
        connection = inherited(number)
        connection.setblocking(False)
        _, self._link = await asyncio.get_running_loop().create_connection(
            lambda: LinesLink(self._heard, lambda error: self._over.set()), sock=connection
        )
        work = [asyncio.create_task(self._start()), asyncio.create_task(self._over.wait())]
        done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        work[0].cancel()
        if not self._dismissed:  # the hub was killed, and cannot do it itself
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._branch is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._branch.close()
        for each in done:
            each.result()  # a bug of ours is told

    async def _start(self) -> None:
        await self._news.wait()
        assert self._branch is not None
        try:
            await self._branch.start()
        except TeleviseError as error:
            self._link.send({"type": "failed", "text": str(error)})
            return
        self._link.send({"type": "ready", "text": ""})
        await self._branch.tell()

    def _heard(self, message: dict[str, Any]) -> None:
        if message["type"] == "serve":
            self._folder = message["folder"]
            settings = pickle.loads(base64.b64decode(message["settings"]))
            self._branch = Branch(settings, message["ports"], Path(self._folder), self._link)
        elif message["type"] == "end":
            self._dismissed = True
        elif message["type"] == "settings" and self._branch is not None:
            self._branch.take(pickle.loads(base64.b64decode(message["settings"])))
        elif self._branch is not None:
            self._branch.heard(message)
            if message["type"] == "news":
                self._news.set()


class Branch(Server):
    """A server whose channels are those of the hub at the other end of ``link``."""

    def __init__(
        self, settings: Settings, ports: Sequence[int], folder: Path, link: LinesLink
    ) -> None:
        super().__init__([], settings)
        self._seats.elsewhere = True
        self._free = iter(ports)
        self._link = link
        self._remote = RemoteAdmission(link.send)
        self._sessions = {port: _session(folder / str(port)) for port in ports}
        self._main = MainHub(self.hub, ports[0], folder, self._sessions[ports[0]])
        self._upstreams = Upstreams(self.hub, [self._main], self.edge.census)
        self.edge.on_enter = self._remote.viewer
        self.edge.on_watch, self.edge.on_visit = self._remote.watching, self._remote.visiting
        self._suspects.on_wrong = self._remote.suspected
        self.edge.on_report = self._report
        self.edge.on_input = self._input

    async def start(self) -> None:
        self._start_task(self._upstreams.run())
        await self._main.followed.wait()  # the channels are there now: dialects want them
        await super().start()

    def _follow_upstreams(self) -> None:
        """They are followed already."""

    def _bind(self, port: int, option: str = "--port ") -> int:
        """The next one of those that the hub has found to be free."""
        found, _ = self.ports.bind(next(self._free), shared=True)
        return found

    def make_app(self, gate: Gate) -> web.Application:
        """What viewers want; the rest is handed on."""
        app = make_bare_app(self.edge, gate, self._hand_on(self.port), self._guard.middleware())
        app.router.add_routes(wall.routes(self.edge))
        app.router.add_routes(self.edge.accounts.routes())  # the hub asks for those of others
        for output in OUTPUTS:
            app.router.add_routes(output.routes(self.edge))
        return app

    def make_dialect_app(self, gate: Gate, mounted: Mounted) -> web.Application:
        guard = self._guard.middleware(Need(some=True))
        app = make_bare_app(self.edge, gate, self._hand_on(mounted.port), guard)
        app.router.add_routes(mounted.routes)
        return app

    async def close(self) -> None:
        await super().close()
        for session in self._sessions.values():
            await session.close()

    def _hand_on(self, port: int) -> Middleware:
        """The hub answers what is not for viewers, and knows what we do not know (yet)."""

        @web.middleware
        async def hand_on(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self._is_for_main(request):
                with contextlib.suppress(UnknownChannel):
                    return await handler(request)
            fields = FIELDS_BYTES if publishes_by_link(request) else 0
            return await forward(request, self._sessions[port], self.edge.sizes.message + fields)

        return hand_on

    def _is_for_main(self, request: web.Request) -> bool:
        """What changes something, publishes, or has no answer here."""
        reads = request.method in ("GET", "HEAD")
        known = request.match_info.http_exception is None
        by_link = publishes_by_link(request)
        return not reads or not known or by_link or publishes(request, self._seats)

    def heard(self, message: dict[str, Any]) -> None:
        """The hub says something."""
        if message["type"] == "answer":
            self._remote.heard(message["number"], message["refusal"])
        elif message["type"] == "viewer":
            account = self.edge.accounts.find(message["viewer"])
            self._link.send({"type": "account", "number": message["number"], "account": account})
        elif message["type"] == "news":
            self._main.announce(message["announcement"])
            self.edge.census.shares[0] = Share(self._main.node, message["elsewhere"])
            asyncio.get_running_loop().call_soon(self._listen, message["listening"])

    def _listen(self, names: list[str]) -> None:
        for name in names:
            if name not in self.edge.listening and self.hub.has(name):
                self.edge.listen(self.hub.channel(name))

    async def tell(self) -> None:
        """Tell the hub of our viewers: when they are others, and as a sign of life."""
        clock = asyncio.get_running_loop().time
        told, when = None, 0.0
        while True:
            share = self._share()
            if share != told or clock() - when > TELL_SECONDS:
                told, when = share, clock()
                self._link.send({"type": "share", "share": share})
            await asyncio.sleep(LOOK_SECONDS)

    def _share(self) -> dict[str, Any]:
        elsewhere = self.edge.census.shares.pop(0)
        sent, skipped = self.edge.census.totals()
        viewers = {each.name: self.edge.census.viewers(each) for each in self.hub.channels}
        self.edge.census.shares[0] = elsewhere
        users = {
            channel.name: {rendition_key(each.rendition): each.users for each in channel.encodings}
            for channel in self.hub.channels
            if channel.encodings
        }
        numbers = {"sent": sent, "skipped": skipped, "refused": dict(refusals.counts)}
        return {"node": self.hub.node, "viewers": viewers, "users": users, **numbers}

    def _report(self, channel: str, shown: Shown) -> None:
        self._link.send({"type": "report", "channel": channel, "message": asdict(shown)})

    def _input(self, channel: str, message: dict[str, Any]) -> None:
        self._link.send({"type": "input", "channel": channel, "message": message})


def _session(path: Path) -> aiohttp.ClientSession:
    """For all requests to the hub's Unix socket."""
    connector = aiohttp.UnixConnector(str(path), limit=0, force_close=True)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


if __name__ == "__main__":
    main()
