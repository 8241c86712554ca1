"""Server: the composition of hub, outputs and web edge. Only this file knows everything."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web

import televise
from televise.application import Application
from televise.dialects import PORTS, Mounted, mount
from televise.errors import InputError
from televise.fanout import handed
from televise.fanout.crew import Crew
from televise.hub.hub import Hub
from televise.hub.nats.bus import Bus
from televise.hub.nats.connection import parse_nats
from televise.hub.relays.upstreams import Upstreams
from televise.hub.roster import Roster
from televise.ingest.rtmp_port import RtmpPort
from televise.limits import Limits
from televise.model.source import SourceSpec
from televise.opening import Opening
from televise.outputs import flv, fmp4, gif, mjpeg, mpeg1, mpegts, snapshot
from televise.settings import Settings
from televise.web.address import Address
from televise.web.app import make_bare_app
from televise.web.connections.ports import Ports
from televise.web.connections.watchdog import Watchdog
from televise.web.edge import Edge
from televise.web.limits import Admission
from televise.web.seats import Seats
from televise.web.trust.guard import Guard, Need
from televise.web.trust.keys import Grant, Keys
from televise.web.trust.secret import default_path
from televise.web.trust.security import Gate
from televise.web.trust.suspects import Suspects

OUTPUTS = (mjpeg, fmp4, flv, gif, mpegts, mpeg1, snapshot)
# A worker has a link, a pipe and a process handle.
DESCRIPTORS_PER_CHANNEL = 6
CLOSE_SECONDS = 1.0


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
        certificate = self._certificate = settings.certificate
        suspects = self._suspects = Suspects()
        self._address = Address(settings.host, secure=certificate is not None)
        asks = certificate is not None and certificate.asks_clients
        self._guard = Guard(keys, suspects, private=settings.private, link_certificate=asks)
        self._seats = Seats(self.hub, keys, new_channels=settings.new_channels)
        self.edge = Edge(self.hub, Admission(), televise.__version__, self._seats)
        connections = settings.proxies, settings.max_connections_per_address
        self.ports = Ports(settings.host, certificate, *connections)
        self._limits = Limits(self.edge, self.ports, suspects)
        self._limits.set(settings)
        census, nats = self.edge.census, settings.bus
        self._bus = [Bus(parse_nats(nats), self.hub, census.hear_peer)] if nats else []
        upstreams = [*settings.upstreams, *self._bus]
        self._upstreams = Upstreams(self.hub, upstreams, census, settings.upstream_context)
        self._application = Application(
            self.edge,
            keys,
            self._guard,
            suspects,
            self._upstreams,
            self._limits.numbers,
            settings.source_networks,
        )
        self._gates: list[Gate] = []
        crew = settings.workers, self.edge, suspects
        self._crew = Crew(*crew) if settings.workers > 1 else None
        seat, number = self._seats.take, settings.rtmp_port
        self._rtmp = RtmpPort(
            self.hub, seat, settings.host, number, suspects.delay, certificate, self.edge.sizes
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
        return self._address.here(self.port)

    @property
    def url_elsewhere(self) -> str:
        """Where people on other machines find it; '' where that is the same, or not known."""
        return self._address.elsewhere(self.port)

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
            app = self.make_dialect_app(gate, mounted)
            app[PORTS] = tuple(each.port for each in self.dialects if each.spec == mounted.spec)
            apps.append(app)
        if self._crew is not None:
            for app in apps:
                app.middlewares.insert(0, handed.receive)
        await self.ports.serve(apps)
        await self._rtmp.open(self.url, new_channels=settings.new_channels)
        self._start_task(self._rtmp.follow(self.url))
        self.opening.begin()
        self._start_task(Watchdog(self._looks()).run())
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
        await self._rtmp.open(self.url, new_channels=settings.new_channels)
        if self._crew is not None:
            self._crew.change(self._settings_of_crew())
        return fixed

    def take(self, settings: Settings) -> None:
        """These are the settings from now on; what needs others' help comes after that."""
        self._settings = settings
        self._limits.set(settings)
        self._keys.use(settings.key_file or default_path())
        self._seats.new_channels = settings.new_channels
        self._application.control.networks = settings.source_networks
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
        app = self._application.make(gate)
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
        self._application.api.ready = False
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

    def _looks(self) -> list[Callable[[], None]]:
        """What is to be looked at each second."""
        looks = [self.edge.drop_stalled, self.edge.visits.look, self._limits.look]
        return looks if self._certificate is None else [*looks, self._certificate.refresh]
