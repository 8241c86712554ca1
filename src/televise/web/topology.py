"""Topology: which hubs this one knows, what comes through which of them, and who watches where."""

from typing import Any

from aiohttp import web

from televise.hub.channel import Channel
from televise.hub.upstream import Upstream
from televise.hub.upstreams import Upstreams
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
        channels = self._edge.hub.channels
        return {
            "node": self._edge.hub.node,
            "upstreams": [_upstream(each) for each in self._upstreams.all],
            "hubs": self._edge.below(),
            "processes": [
                {"pid": pid, "node": share.node, "viewers": share.viewers}
                for pid, share in self._edge.shares.items()
            ],
            "links": [_link(each, link) for each in channels for link in self._links(each)],
            "channels": [self._channel(each) for each in channels],
        }

    def _links(self, channel: Channel) -> list[LinkViewer]:
        fed = self._edge.fed_with(channel)
        return [viewer for viewer in fed if isinstance(viewer, LinkViewer)]

    def _channel(self, channel: Channel) -> dict[str, Any]:
        ledger = channel.ledger
        return {
            "name": channel.name,
            "state": channel.state,
            "path": channel.path,
            "viewers": self._edge.viewers(channel),
            "all_viewers": self._edge.counts().get(channel.name, 0),
            "age_ms": _age(channel),
            "received": ledger.received,
            "missing": ledger.missing,
            "repeated": ledger.repeated,
            "strays": ledger.strays,
        }


def _age(channel: Channel) -> float | None:
    """How old the newest packet was when it came, in milliseconds; None where there is none."""
    for encoding in channel.encodings:
        if newest := encoding.log.newest:
            return round((encoding.arrived - newest.captured) / 1e6, 1)
    return None


def _upstream(upstream: Upstream) -> dict[str, Any]:
    delay = upstream.clock.delay_seconds
    return {
        "url": upstream.url,
        "node": upstream.node,
        "state": "connected" if upstream.connected else "lost",
        "reason": upstream.reason,
        "delay_ms": None if delay is None else round(delay * 1000, 2),
        "clock_offset_ms": round(upstream.clock.offset / 1e6, 2),
        "bytes": upstream.bytes,
        "rejected": upstream.rejected,
    }


def _link(channel: Channel, viewer: LinkViewer) -> dict[str, Any]:
    """What another hub takes: ``offered`` chunks are delivered, skipped, or wait for it."""
    rendition = viewer.rendition.to_json()
    return {
        "node": viewer.node,
        "channel": channel.name,
        "rendition": {key: value for key, value in rendition.items() if value},
        "offered": viewer.offered,
        "delivered": viewer.delivered,
        "skipped": viewer.cursor.skipped,
    }
