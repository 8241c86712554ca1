"""``/metrics`` for Prometheus. Its library is imported when somebody first asks."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from aiohttp import web

from televise.hub.ledger import Ledger
from televise.model import refusals
from televise.web.edge import Edge
from televise.web.link_metrics import LinkMetrics
from televise.web.player_metrics import PlayerMetrics
from televise.web.shown import Shown

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

_STATES = ("connecting", "live", "stalled", "offline", "idle")


@dataclass(frozen=True)
class Numbers:
    """The limits by their names, how far some of them are used, and how many keys were wrong."""

    limits: Mapping[str, float]
    used: Mapping[str, float]
    wrong_keys: int


class Metrics:
    """Reads edge, ``numbers`` and ``links`` when it is scraped; players' reports are counted as
    they come."""

    def __init__(self, edge: Edge, numbers: Callable[[], Numbers], links: LinkMetrics) -> None:
        self._edge = edge
        self._numbers = numbers
        self._links = links
        self._registry: CollectorRegistry | None = None
        self._players = PlayerMetrics()
        edge.on_report = self._reported

    def routes(self) -> list[web.RouteDef]:
        """What this answers."""
        return [web.get("/metrics", self._answer)]

    def collect(self) -> Iterator[Metric]:
        """For prometheus_client: what is true now."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        sent, skipped = self._edge.census.totals()
        yield CounterMetricFamily("televise_chunks_sent", "Chunks given to viewers", sent)
        yield CounterMetricFamily(
            "televise_chunks_skipped", "Chunks that viewers were too slow for", skipped
        )
        yield from self._limits()
        yield GaugeMetricFamily("televise_tasks", "Tasks of the server", len(asyncio.all_tasks()))
        viewers = GaugeMetricFamily("televise_viewers", "Viewers now", labels=["channel"])
        encodings = GaugeMetricFamily("televise_renditions", "Encodings now", labels=["channel"])
        states = GaugeMetricFamily(
            "televise_channel_state", "1 for the state it is in", labels=["channel", "state"]
        )
        packets = CounterMetricFamily(
            "televise_packets",
            "Packets on their way to this hub: each was received, or was dropped",
            labels=["channel", "outcome"],
        )
        damaged = CounterMetricFamily(
            "televise_damaged_packets",
            "Packets of the source that were left out: bytes of them were lost before they came",
            labels=["channel"],
        )
        for channel in self._edge.hub.channels:
            damaged.add_metric([channel.name], channel.damaged)
            for outcome, count in _outcomes(channel.ledger):
                packets.add_metric([channel.name, outcome], count)
            viewers.add_metric([channel.name], self._edge.census.viewers(channel))
            encodings.add_metric([channel.name], len(channel.encodings))
            for state in _STATES:
                states.add_metric([channel.name, state], float(channel.state == state))
        yield from (viewers, encodings, states, packets, damaged)
        processes = len(self._edge.census.shares)
        yield GaugeMetricFamily("televise_fan_out_processes", "Processes of --workers", processes)
        yield from self._links.collect()
        yield from self._players.collect({channel.name for channel in self._edge.hub.channels})

    def _limits(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        numbers = self._numbers()
        limits = GaugeMetricFamily("televise_limit", "What is allowed", labels=["limit"])
        used = GaugeMetricFamily("televise_limit_used", "What of it is used", labels=["limit"])
        refused = CounterMetricFamily(
            "televise_refused", "How often a limit turned somebody away", labels=["limit"]
        )
        for family, values in ((limits, numbers.limits), (used, numbers.used)):
            for name, value in values.items():
                family.add_metric([name], value)
        counts = Counter(dict.fromkeys(numbers.limits, 0))
        counts.update(refusals.counts)
        for share in self._edge.census.shares.values():
            counts.update(share.refused)
        for name, count in counts.items():
            refused.add_metric([name], count)
        yield from (limits, used, refused)
        yield CounterMetricFamily(
            "televise_wrong_keys", "Keys that were not valid", numbers.wrong_keys
        )

    async def _answer(self, request: web.Request) -> web.Response:
        if self._registry is None:  # a tenth of a second, in which viewers want to be served
            await asyncio.to_thread(import_module, "prometheus_client")
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        body = generate_latest(self._get_registry())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    def _reported(self, channel: str, shown: Shown) -> None:
        self._players.add(channel, shown)

    def _get_registry(self) -> CollectorRegistry:
        from prometheus_client import CollectorRegistry, ProcessCollector

        if self._registry is None:
            self._registry = CollectorRegistry()
            self._registry.register(self)
            ProcessCollector(registry=self._registry)
        return self._registry


def _outcomes(ledger: Ledger) -> Iterator[tuple[str, int]]:
    """What became of packets, and how many there are of each."""
    counts = {name: getattr(ledger, name) for name in ("received", "repeated", "strays")}
    yield from (counts | asdict(ledger.dropped)).items()
