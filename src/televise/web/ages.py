"""Ages: how old the pictures of each channel are, when they come to this hub and on screen."""

import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from televise.hub.channel import Channel
from televise.hub.hub import Hub

# Players report every five seconds; of one that has gone no more is heard.
REPORT_SECONDS = 12.0
MAX_REPORTS = 100
# One of the clocks may be wrong, but not by more than a day.
MAX_MILLISECONDS = 86_400_000.0


class Ages:
    """Of each channel of ``hub``, in milliseconds: ``arrived``, the newest packet when it came, and
    ``shown``, the mean of what players have reported lately of what they show."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._reports: dict[str, deque[tuple[float, float]]] = {}

    def reported(self, name: str, milliseconds: float) -> None:
        """A player shows a picture of this age; of channel ``name``, which there is."""
        if name not in self._reports:  # of those that have gone nothing is kept
            self._reports = {
                each: found for each, found in self._reports.items() if self._hub.has(each)
            }
        reports = self._reports.setdefault(name, deque(maxlen=MAX_REPORTS))
        reports.append((time.monotonic(), milliseconds))

    def of(self, names: Iterable[str]) -> dict[str, dict[str, float]]:
        """What is known of the channels of these names."""
        found = {
            name: self.of_channel(self._hub.channel(name)) for name in names if self._hub.has(name)
        }
        return {name: ages for name, ages in found.items() if ages}

    def of_channel(self, channel: Channel) -> dict[str, float]:
        """What is known of one of them; nothing where nobody watches."""
        ages: dict[str, float] = {}
        newest = [(each, each.log.newest) for each in channel.encodings]
        for encoding, packet in newest[:1]:
            if packet is not None:
                ages["arrived"] = _rounded((encoding.arrived - packet.captured) / 1e6)
        since = time.monotonic() - REPORT_SECONDS
        reports = self._reports.get(channel.name, ())
        if lately := [age for reported, age in reports if reported > since]:
            ages["shown"] = _rounded(sum(lately) / len(lately))
        return ages


def are_ages(values: Any) -> bool:
    """Whether ``values`` are those of one channel, as another hub reports them."""
    return (
        isinstance(values, dict)
        and values.keys() <= {"arrived", "shown"}
        and all(type(each) in (int, float) for each in values.values())
        and all(abs(each) <= MAX_MILLISECONDS for each in values.values())
    )


def _rounded(milliseconds: float) -> float:
    return round(max(-MAX_MILLISECONDS, min(milliseconds, MAX_MILLISECONDS)), 1)
