"""Server: the composition of hub, outputs and web edge. Only this file knows everything."""

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web

import televise
from televise import events
from televise.dialects import Mounted, mount
from televise.errors import InputError
from televise.fanout import handed
from televise.fanout.crew import Crew
from televise.hub.bus import Bus
from televise.hub.hub import Hub
from televise.hub.nats_connection import parse_nats
from televise.hub.roster import Roster
from televise.hub.upstreams import Upstreams
from televise.ingest import http, link, websocket
from televise.ingest.refusal import tell_refusals
from televise.ingest.rtmp_port import RtmpPort
from televise.limits import Limits
from televise.model.source import SourceSpec
from televise.opening import Opening
from televise.outputs import flv, fmp4, gif, mjpeg, mpeg1, mpegts, snapshot
from televise.settings import Settings
from televise.web import wall
from televise.web.api import Api
from televise.web.app import make_app, make_bare_app
from televise.web.control import Control
from televise.web.edge import Edge
from televise.web.guard import Guard, Need
from televise.web.keys import Grant, Keys
from televise.web.limits import Admission
from televise.web.link import Link
from televise.web.link_metrics import LinkMetrics
from televise.web.metrics import Metrics
from televise.web.own_address import own_address
from televise.web.ports import Ports
from televise.web.seats import Seats
from televise.web.secret import default_path
from televise.web.security import Gate
from televise.web.suspects import Suspects
from televise.web.topology import Topology

OUTPUTS = (mjpeg, fmp4, flv, gif, mpegts, mpeg1, snapshot)
# A worker has a link, a pipe and a process handle.
DESCRIPTORS_PER_CHANNEL = 6
CLOSE_SECONDS = 1.0
_EVERYWHERE = ("0.0.0.0", "::", "")


class Server:
    """Serves channels until it is closed; `Opening` says which are ``typed``. It must be made
    inside a running event loop."""

    def __init__(
        self, specs: Sequence[SourceSpec], settings: Settings, typed: Collection[str] = ()
    ) -> None:
        self._settings = settings
        self.hub = Hub((), settings.policy, settings.policies, settings.name)
        self._roster = Roster(self.hub, specs)
        self.opening = Opening(self.hub, specs, typed)
        keys = self._keys = Keys(settings.key_file or default_path())
        self._certificate, self._suspects = settings.certificate, Suspects()
        self._guard = Guard(
            keys,
            self._suspects,
            private=settings.private,
            link_certificate=self._certificate is not None and self._certificate.asks_clients,
        )
        self._seats = Seats(self.hub, keys, new_channels=settings.new_channels)
        self.edge = Edge(
            self.hub,
            Admission(),
            televise.__version__,
            self._seats,
        )
        connections = settings.proxies, settings.max_connections_per_address
        self.ports = Ports(settings.host, self._certificate, *connections)
        self._limits = Limits(self.edge, self.ports, self._suspects)
        self._limits.set(settings)
        self._api = Api(self.edge, televise.__version__)
        self._control = Control(self.hub, keys, settings.source_networks)
        census, nats = self.edge.census, settings.bus
        self._bus = [Bus(parse_nats(nats), self.hub, census.hear_peer)] if nats else []
        upstreams = [*settings.upstreams, *self._bus]
        self._upstreams = Upstreams(self.hub, upstreams, census, settings.upstream_context)
        self._gates: list[Gate] = []
        self._crew = Crew(settings.workers, self.edge) if settings.workers > 1 else None
        self._rtmp = RtmpPort(
            self._seats.take,
            settings.host,
            settings.rtmp_port,
            self._suspects.delay,
            self._certificate,
        )
        self.dialects: list[Mounted] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.port = settings.port

    @property
    def private(self) -> bool:
        """Whether a key is needed to watch."""
        return self._settings.private

    @property
    def url(self) -> str:
        """Where a person on this machine finds it."""
        host = self._settings.host
        return self._url_at("127.0.0.1" if host in _EVERYWHERE else host)

    @property
    def url_elsewhere(self) -> str:
        """Where people on other machines find it; '' where that is the same, or not known."""
        address = own_address() if self._settings.host in _EVERYWHERE else ""
        return self._url_at(address) if address else ""

    def _url_at(self, host: str) -> str:
        scheme = "http" if self._certificate is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def key_to_watch(self, name: str, seconds: float) -> str:
        """Such a key for the channel of this name."""
        return self._keys.sign(Grant(name, "view"), seconds)

    @property
    def rtmp_port(self) -> int:
        """Where RTMP is spoken; 0 where it is not."""
        return self._rtmp.number

    @property
    def processes(self) -> int:
        """How many serve viewers."""
        return self._settings.workers

    async def start(self) -> None:
        """Listen, then open the sources. InputError where the address cannot be used."""
        settings = self._settings
        self.port = self._bind(settings.port)
        more = bool(self._upstreams.all or settings.new_channels or self._roster.grows)
        for mounted in mount(settings.dialects, self.edge, settings.port, more=more):
            self.dialects.append(replace(mounted, port=self._bind_dialect(mounted)))
        # All addresses are taken, so that they can know of each other; only now somebody is heard.
        ports = [self.port, *(mounted.port for mounted in self.dialects)]
        apps = [self.make_app(self._gate(self.port, ports))]
        for mounted in self.dialects:
            gate = self._gate(mounted.port, ports, portless=True)
            apps.append(self.make_dialect_app(gate, mounted))
        if self._crew is not None:
            for app in apps:
                app.middlewares.insert(0, handed.receive)
        await self.ports.serve(apps)
        await self._open_rtmp()
        self.opening.begin()
        self._start_task(self._watch())
        self._follow_upstreams()
        await self._roster.open()
        if self._crew is not None:
            await self._crew.start(self._settings_of_crew(), ports)

    def _follow_upstreams(self) -> None:
        self._start_task(self._upstreams.run())

    def _settings_of_crew(self) -> Settings:
        """Where channels come from, and who publishes, is our business alone."""
        settings = self._settings
        key_file = settings.key_file or default_path()
        ours = replace(settings, upstreams=(), bus="", rtmp_port=-1, upstream_context=None)
        return replace(ours, workers=1, key_file=key_file)

    async def change(self, specs: Sequence[SourceSpec], settings: Settings) -> list[str]:
        """Become what these say, and touch nothing that stays as it is. Returns the keys of what
        cannot be changed while it runs."""
        settings, fixed = settings.after(self._settings)
        self.take(settings)
        self.opening.change(specs)
        await self._roster.change(specs)
        await self._upstreams.change([*settings.upstreams, *self._bus])
        await self._open_rtmp()
        if self._crew is not None:
            self._crew.change(self._settings_of_crew())
        return fixed

    def take(self, settings: Settings) -> None:
        """These are the settings from now on; what needs others' help comes after that."""
        self._settings = settings
        self._limits.set(settings)
        self._keys.use(settings.key_file or default_path())
        self._seats.new_channels = settings.new_channels
        self._control.networks = settings.source_networks
        for gate in self._gates:
            gate.set_origins(settings.origins)
        self.hub.set_policies(settings.policy, settings.policies)

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    def _gate(self, port: int, ports: Sequence[int], *, portless: bool = False) -> Gate:
        settings = self._settings
        gate = Gate(
            settings.host,
            port,
            settings.origins,
            ports,
            same_site=settings.same_site,
            portless=portless,
            secure=self._certificate is not None,
            proxies=settings.proxies,
            names=settings.names,
        )
        self._gates.append(gate)
        return gate

    async def _open_rtmp(self) -> None:
        kinds = {channel.spec.kind for channel in self.hub.channels}
        publishing = self._settings.new_channels or "publish" in kinds
        await self._rtmp.open(self.url, publishing=publishing)

    def _bind_dialect(self, mounted: Mounted) -> int:
        try:
            return self._bind(mounted.port, f"--dialect {mounted.name}@")
        except InputError as error:
            raise InputError(f"dialect {mounted.name}: {error}") from None

    def _bind(self, port: int, option: str = "--port ") -> int:
        others = DESCRIPTORS_PER_CHANNEL * len(self.hub.channels)
        port, listener = self.ports.bind(port, others, option)
        if self._crew is not None:
            listener.lend(self._crew.path(port))
        return port

    def make_app(self, gate: Gate) -> web.Application:
        """The whole web application."""
        app = make_app(
            self.edge,
            gate,
            tell_refusals,
            websocket.middleware(self._seats, self._suspects),
            self._guard.middleware(),
        )
        app.router.add_routes(self._api.routes())
        app.router.add_routes(self._control.routes())
        links = LinkMetrics(self.edge, self._upstreams)
        app.router.add_routes(Metrics(self.edge, self._limits.numbers, links).routes())
        app.router.add_routes(Link(self.edge).routes())
        app.router.add_routes(Topology(self.edge, self._upstreams).routes())
        app.router.add_routes(wall.routes(self.edge, televise.__version__))
        app.router.add_routes(http.routes(self._seats))
        app.router.add_routes(link.routes(self._seats))
        for output in OUTPUTS:
            app.router.add_routes(output.routes(self.edge))
        return app

    def make_dialect_app(self, gate: Gate, mounted: Mounted) -> web.Application:
        """The application of one port of a dialect."""
        # Which channel is meant, only the dialect knows: it looks whether the key is for that.
        app = make_bare_app(self.edge, gate, self._guard.middleware(Need(some=True)))
        app.router.add_routes(mounted.routes)
        return app

    async def close(self) -> None:
        """Send viewers away, end workers, and leave nothing open; takes under three seconds."""
        self._api.ready = False
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
        await self._roster.close()
        await self.ports.stop()
        await self._rtmp.close()
        self.edge.close()
        await self.hub.close()
        if self._crew is not None:
            await self._crew.stop()  # publishers have been told by then
        await self.ports.close()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            try:
                self.edge.drop_stalled()
                self.edge.visits.look()
                self._limits.look()
                if self._certificate is not None:
                    self._certificate.refresh()
            except Exception:
                events.error("the watchdog failed")
