"""LinkMetrics: the links to hubs above and below, for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from televise.hub.relays.upstream import Upstream
from televise.hub.relays.upstreams import Upstreams
from televise.web.edge import Edge

if TYPE_CHECKING:
    from prometheus_client import Metric

Values = Sequence[tuple[str, Callable[[Upstream], float | None], str]]

_GAUGES: Values = (
    ("connected", lambda it: float(it.connected), "1 while it is connected"),
    ("delay_seconds", lambda it: it.clock.delay_seconds, "How long there and back takes"),
    ("clock_offset_seconds", lambda it: it.clock.offset / 1e9, "By how much our clock is later"),
)
_COUNTERS: Values = (
    ("bytes", lambda it: it.bytes, "Bytes that came from there"),
    ("media_bytes", lambda it: it.media_bytes, "Bytes of media among them"),
    ("rejected", lambda it: it.rejected, "Messages that were not understood"),
)


class LinkMetrics:
    """Of ``upstreams``, and of the channels that hubs below take, when it is scraped."""

    def __init__(self, edge: Edge, upstreams: Upstreams) -> None:
        self._edge = edge
        self._upstreams = upstreams

    def collect(self) -> Iterator[Metric]:
        """For prometheus_client: what is true now."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for family_type, values in ((GaugeMetricFamily, _GAUGES), (CounterMetricFamily, _COUNTERS)):
            for name, value, text in values:
                family = family_type(f"televise_upstream_{name}", text, labels=["upstream"])
                for label, upstream in _labelled(self._upstreams.all):
                    if (number := value(upstream)) is not None:
                        family.add_metric([label], number)
                yield family
        links = GaugeMetricFamily("televise_links", "Hubs that take it now", labels=["channel"])
        ages = GaugeMetricFamily(
            "televise_arrival_age_seconds", "Of its newest picture when it came", labels=["channel"]
        )
        census = self._edge.census
        for channel in self._edge.hub.channels:
            fed = census.fed_with(channel)
            links.add_metric([channel.name], sum(viewer.relays for viewer in fed))
            if (age := census.ages.of_channel(channel).get("arrived")) is not None:
                ages.add_metric([channel.name], age / 1000)
        yield from (links, ages)


def _labelled(upstreams: Sequence[Upstream]) -> Iterator[tuple[str, Upstream]]:
    """By their URLs; one hub may be named twice, with two keys."""
    seen: Counter[str] = Counter()
    for upstream in upstreams:
        seen[upstream.url] += 1
        count = seen[upstream.url]
        yield upstream.url if count == 1 else f"{upstream.url} {count}", upstream
