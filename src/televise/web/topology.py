"""Topology: which hubs this one knows, what comes through which of them, and who watches where."""

from collections.abc import Iterable, Iterator
from typing import Any

from aiohttp import web

from televise.hub.channel import Channel
from televise.hub.nats.broadcast import Broadcast
from televise.hub.nats.bus import Bus
from televise.hub.publishing import Publishing
from televise.hub.relays.adapted import Adapted
from televise.hub.relays.clock import Clock
from televise.hub.relays.upstream import Upstream
from televise.hub.relays.upstreams import Upstreams
from televise.model.rendition import Rendition
from televise.web.edge import Edge
from televise.web.link import LinkViewer
from televise.web.topology_page import topology_page


class Topology:
    """``/api/topology``, and ``/topology`` for people."""

    def __init__(self, edge: Edge, upstreams: Upstreams) -> None:
        self._edge = edge
        self._upstreams = upstreams

    def routes(self) -> list[web.RouteDef]:
        """What this answers."""
        return [web.get("/api/topology", self._json), web.get("/topology", self._page)]

    async def _json(self, request: web.Request) -> web.Response:
        return web.json_response(self.describe())

    async def _page(self, request: web.Request) -> web.Response:
        headers = {"Cache-Control": "no-store"}
        page = topology_page(self.describe())
        return web.Response(text=page, content_type="text/html", headers=headers)

    def describe(self) -> dict[str, Any]:
        """All of it, as JSON values."""
        channels, counts = self._edge.hub.channels, self._edge.census.counts()
        given = [_link(each, link) for each in channels for link in self._links(each)]
        return {
            "node": self._edge.hub.node,
            "upstreams": [_upstream(each) for each in self._upstreams.all],
            "publishers": [
                _publisher(each, each.publisher) for each in channels if each.publisher is not None
            ],
            "hubs": self._edge.census.below(),
            "processes": [
                {"pid": pid, "node": share.node, "viewers": share.viewers}
                for pid, share in self._edge.census.shares.items()
            ],
            "takes": list(self._takes()),
            "links": [*given, *self._published()],
            "channels": [self._channel(each, counts.get(each.name, 0)) for each in channels],
        }

    def _takes(self) -> Iterator[dict[str, Any]]:
        """What comes from other hubs now, and from publishers that speak the link."""
        hub = self._edge.hub
        for name, relay in self._upstreams.relays.items():
            for carrier in relay.carriers if hub.has(name) else ():
                if (upstream := carrier.upstream) is not None:
                    via = "NATS" if isinstance(upstream, Bus) else "WebSocket"
                    whence = {"upstream": upstream.url, "node": carrier.node, "via": via}
                    yield _take(hub.channel(name), carrier.taken) | whence
        for channel in hub.channels:
            for taken in _uplinked(channel):
                yield _take(channel, taken) | {"upstream": "publisher", "node": "", "via": "push"}

    def _published(self) -> Iterator[dict[str, Any]]:
        """What is given over NATS, to each hub that wants it."""
        for bus in self._upstreams.all:
            broadcasts = bus.broadcasts if isinstance(bus, Bus) else None
            for broadcast in broadcasts.all if broadcasts else ():
                for listener in broadcast.listeners.values():
                    yield _given_over_nats(broadcast, listener.node)

    def _links(self, channel: Channel) -> list[LinkViewer]:
        fed = self._edge.census.fed_with(channel)
        return [viewer for viewer in fed if isinstance(viewer, LinkViewer)]

    def _channel(self, channel: Channel, all_viewers: int) -> dict[str, Any]:
        ledger, census = channel.ledger, self._edge.census
        ages = census.ages.of_channel(channel)
        return {
            "name": channel.name,
            "state": channel.state,
            "path": channel.path,
            "viewers": census.viewers(channel),
            "all_viewers": all_viewers,
            "age_ms": ages.get("arrived"),
            "ages": ages,
            "received": ledger.received,
            "missing": ledger.missing,
            "dropped": ledger.dropped.to_json(),
            "repeated": ledger.repeated,
            "strays": ledger.strays,
        }


def _upstream(upstream: Upstream) -> dict[str, Any]:
    neighbours = upstream.neighbours if isinstance(upstream, Bus) else ()
    return {
        "url": upstream.url,
        "node": upstream.node,
        "state": "connected" if upstream.connected else "lost",
        "reason": upstream.reason,
        **_clock(upstream.clock),
        "bytes": upstream.bytes,
        "media_bytes": upstream.media_bytes,
        "rejected": upstream.rejected,
        "neighbours": [
            {"node": each.node, "channels": list(each.offers), **_clock(each.clock)}
            for each in neighbours
        ],
    }


def _clock(clock: Clock) -> dict[str, Any]:
    delay = clock.delay_seconds
    return {
        "delay_ms": None if delay is None else round(delay * 1000, 2),
        "clock_offset_ms": round(clock.offset / 1e6, 2),
    }


def _publisher(channel: Channel, publisher: Publishing) -> dict[str, Any]:
    """Clocks are compared with those who speak the link. Who it is, is not for everybody."""
    clock = publisher.uplink.clock if publisher.uplink else Clock()
    by = publisher.format or "found out"
    return {"channel": channel.name, "format": by, **_clock(clock), "bytes": publisher.received}


def _uplinked(channel: Channel) -> Iterable[Adapted]:
    """What its publisher is asked for by the link."""
    uplink = channel.publisher.uplink if channel.publisher else None
    return uplink.taken.values() if uplink else ()


def _take(channel: Channel, taken: Adapted) -> dict[str, Any]:
    """What this hub takes; ``rendition`` is smaller than ``wanted`` where the link is too slow."""
    return {
        "channel": channel.name,
        "rendition": _rendition(taken.rendition),
        "wanted": _rendition(taken.wanted),
        "packets": taken.packets,
        "bytes": taken.bytes,
        "missing": channel.ledger.missing,
    }


def _link(channel: Channel, viewer: LinkViewer) -> dict[str, Any]:
    """What another hub takes: ``offered`` chunks are delivered, skipped, or wait for it.

    With what was missing here already, all packets are ``delivered``, ``dropped`` or ``waiting``.
    """
    return {
        "node": viewer.node,
        "channel": channel.name,
        "via": "WebSocket",
        "rendition": _rendition(viewer.rendition),
        "offered": viewer.offered,
        "delivered": viewer.delivered,
        "skipped": viewer.cursor.skipped,
        "waiting": viewer.waiting,
        "dropped": viewer.dropped.to_json(),
        "bytes": viewer.bytes,
    }


def _given_over_nats(broadcast: Broadcast, node: str) -> dict[str, Any]:
    """The same; it is published once, however many hubs take it."""
    return {
        "node": node,
        "channel": broadcast.channel.name,
        "via": "NATS",
        "rendition": _rendition(broadcast.encoding.rendition),
        "offered": broadcast.offered,
        "delivered": broadcast.delivered,
        "skipped": broadcast.skipped,
        "bytes": broadcast.bytes,
    }


def _rendition(rendition: Rendition) -> dict[str, Any]:
    return {key: value for key, value in rendition.to_json().items() if value}
