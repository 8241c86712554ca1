"""PlayerMetrics: what players report of the pictures they show, for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from televise.web.shown import Shown

if TYPE_CHECKING:
    from prometheus_client import Metric

_AGES = (0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
_RUNGS = ("webcodecs", "mse", "jsmpeg", "mjpeg", "gif", "image")
_LABELS = ("channel", "rung")
# What is more is not true.
MAX_AGE_SECONDS = 3600.0
MAX_FPS = 1000.0
MAX_STALLS = 100.0
# Channels that come and go may leave no more behind, if nobody ever asks.
MAX_SERIES = 10_000


@dataclass(slots=True)
class _Seen:
    """Of one channel and rung: reports by the bound of their age, and sums."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(_AGES) + 1))
    seconds: float = 0.0
    fps: float = 0.0
    stalls: float = 0.0


class PlayerMetrics:
    """Counts reports as they come, without the library, which takes long to load."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], _Seen] = {}

    def add(self, channel: str, shown: Shown) -> None:
        """One report of one player."""
        # What a stranger sends must not make new time series.
        key = channel, shown.rung if shown.rung in _RUNGS else "other"
        if key not in self._seen and len(self._seen) >= MAX_SERIES:
            self._seen.clear()
        seen = self._seen.setdefault(key, _Seen())
        # Two clocks that differ by a little may make it negative.
        age = _within(shown.age_ms / 1000, MAX_AGE_SECONDS)
        seen.counts[bisect_left(_AGES, age)] += 1
        seen.seconds += age
        seen.fps += _within(shown.fps, MAX_FPS)
        seen.stalls += _within(shown.stalls, MAX_STALLS)

    def collect(self, channels: Collection[str]) -> Iterator[Metric]:
        """Of these channels; others have gone, and are forgotten."""
        from prometheus_client.core import (
            CounterMetricFamily,
            HistogramMetricFamily,
            SummaryMetricFamily,
        )

        self._seen = {key: seen for key, seen in self._seen.items() if key[0] in channels}
        text = "Age of the picture on screen, as players report it every five seconds"
        ages = HistogramMetricFamily("televise_picture_age_seconds", text, labels=_LABELS)
        text = "Pictures a second on screen, as players report them every five seconds"
        rates = SummaryMetricFamily("televise_player_fps", text, labels=_LABELS)
        text = "How often players ran dry or stood still, as they report it"
        stalls = CounterMetricFamily("televise_player_stalls", text, labels=_LABELS)
        for labels, seen in self._seen.items():
            sums = list(accumulate(seen.counts))
            buckets = list(zip([*map(str, _AGES), "+Inf"], sums, strict=True))
            ages.add_metric(labels, buckets, seen.seconds)
            rates.add_metric(labels, sums[-1], seen.fps)
            stalls.add_metric(labels, seen.stalls)
        yield from (ages, rates, stalls)


def _within(number: float, most: float) -> float:
    return min(max(number, 0.0), most)
