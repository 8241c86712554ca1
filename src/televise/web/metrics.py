"""``/metrics`` for Prometheus. Its library is imported when somebody first asks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from televise.hub.ledger import Ledger
from televise.web.edge import Edge

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Histogram, Metric

_AGES = (0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
MAX_AGE_SECONDS = 3600.0
_RUNGS = ("webcodecs", "mse", "jsmpeg", "mjpeg", "gif", "image")
_STATES = ("connecting", "live", "stalled", "offline", "idle")


class Metrics:
    """Reads the edge when it is scraped; players' reports are counted as they come."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._registry: CollectorRegistry | None = None
        self._ages: Histogram | None = None
        edge.on_report = self._reported

    def routes(self) -> list[web.RouteDef]:
        """What this answers."""
        return [web.get("/metrics", self._answer)]

    def collect(self) -> Iterator[Metric]:
        """For prometheus_client: what is true now."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        sent, skipped = self._edge.totals()
        yield CounterMetricFamily("televise_chunks_sent", "Chunks given to viewers", sent)
        yield CounterMetricFamily(
            "televise_chunks_skipped", "Chunks that viewers were too slow for", skipped
        )
        refused = self._edge.admission.refused
        yield CounterMetricFamily("televise_viewers_refused", "Viewers over a limit", refused)
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
        for channel in self._edge.hub.channels:
            for outcome, count in _outcomes(channel.ledger):
                packets.add_metric([channel.name, outcome], count)
            viewers.add_metric([channel.name], self._edge.viewers(channel))
            encodings.add_metric([channel.name], len(channel.encodings))
            for state in _STATES:
                states.add_metric([channel.name, state], float(channel.state == state))
        yield from (viewers, encodings, states, packets)

    async def _answer(self, request: web.Request) -> web.Response:
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        body = generate_latest(self._get_registry())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    def _reported(self, channel: str, report: dict[str, Any]) -> None:
        age = float(report["age_ms"]) / 1000
        if not math.isfinite(age):
            raise ValueError(age)
        self._get_registry()
        if self._ages is not None:
            # Two clocks that differ by a little may make it negative.
            seconds = min(max(age, 0.0), MAX_AGE_SECONDS)
            self._ages.labels(channel, _rung(report)).observe(seconds)

    def _get_registry(self) -> CollectorRegistry:
        from prometheus_client import CollectorRegistry, Histogram, ProcessCollector

        if self._registry is None:
            self._registry = CollectorRegistry()
            self._registry.register(self)
            ProcessCollector(registry=self._registry)
            self._ages = Histogram(
                "televise_picture_age_seconds",
                "Age of the picture on screen, as players report it every five seconds",
                ["channel", "rung"],
                buckets=_AGES,
                registry=self._registry,
            )
        return self._registry


def _outcomes(ledger: Ledger) -> Iterator[tuple[str, int]]:
    """What became of packets, and how many there are of each."""
    counts = {name: getattr(ledger, name) for name in ("received", "repeated", "strays")}
    yield from (counts | asdict(ledger.dropped)).items()


def _rung(report: dict[str, Any]) -> str:
    """A label of our own choice: what a stranger sends must not make new time series."""
    return report["rung"] if report["rung"] in _RUNGS else "other"
