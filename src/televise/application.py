"""Application: what a hub answers on the web, beside its outputs."""

from collections.abc import Callable, Sequence

from aiohttp import web

from televise.hub.relays.upstreams import Upstreams
from televise.ingest import http, link, websocket
from televise.ingest.refusal import tell_refusals
from televise.web import wall
from televise.web.api import Api
from televise.web.app import make_app
from televise.web.control import Control
from televise.web.edge import Edge
from televise.web.link import Link
from televise.web.link_metrics import LinkMetrics
from televise.web.metrics import Metrics, Numbers
from televise.web.topology import Topology
from televise.web.trust.guard import Guard
from televise.web.trust.keys import Keys
from televise.web.trust.proxies import Network
from televise.web.trust.security import Gate
from televise.web.trust.suspects import Suspects


class Application:
    """Pages, API, metrics, links to other hubs, and publishers. ``keys`` are checked by ``guard``,
    and who has wrong ones is among the ``suspects``; ``numbers`` tells the limits and what is used
    of them, ``networks`` are where the API may open sources."""

    def __init__(
        self,
        edge: Edge,
        keys: Keys,
        guard: Guard,
        suspects: Suspects,
        upstreams: Upstreams,
        numbers: Callable[[], Numbers],
        networks: Sequence[Network],
    ) -> None:
        self._edge = edge
        self._guard = guard
        self._suspects = suspects
        self._upstreams = upstreams
        self._numbers = numbers
        self.api = Api(edge)
        self.control = Control(edge.hub, keys, edge.sizes, networks)

    def make(self, gate: Gate) -> web.Application:
        """It behind ``gate``."""
        edge, seats = self._edge, self._edge.seats
        publishing = websocket.middleware(seats, self._suspects)
        app = make_app(edge, gate, tell_refusals, publishing, self._guard.middleware())
        links = LinkMetrics(edge, self._upstreams)
        for routes in (
            self.api.routes(),
            edge.accounts.routes(),
            self.control.routes(),
            Metrics(edge, self._numbers, links).routes(),
            Link(edge).routes(),
            Topology(edge, self._upstreams).routes(),
            wall.routes(edge),
            http.routes(seats),
            link.routes(seats),
        ):
            app.router.add_routes(routes)
        return app
