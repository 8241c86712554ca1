"""Census: how many watch each channel, here, at fan-out processes of ours, and at hubs below."""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.hub.hub import Hub
from televise.hub.muxed import Muxed
from televise.hub.relays.told import MAX_HUBS, fitting
from televise.model import refusals
from televise.web.ages import Ages
from televise.web.peers import Report, parse_report, pruned
from televise.web.pump import Pump
from televise.web.share import Share, rendition_key
from televise.web.viewer import Viewer

# Of all reports together: some hundred hubs with very many channels, or thousands with a few.
MAX_REPORTS_BYTES = 4 << 20
MAX_SHOWN_BYTES = 256 << 10
# In place of an address.
ON_THE_BUS = "bus"


class Census:
    """Of the channels of ``hub``. ``pumps`` feed the viewers that are here; ``ages`` are of the
    pictures that all of them see."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.pumps: dict[Muxed, tuple[Channel, Pump]] = {}
        self.ages = Ages(hub)
        # What other hubs that take channels from here report, by their names and addresses: who
        # says that it has the name of another takes nothing from that one.
        self.reports: dict[tuple[str, str], Report] = {}
        # What the fan-out processes of this hub tell of theirs, by process number.
        self.shares: dict[int, Share] = {}
        self._past_sent = self._past_skipped = 0

    def viewers(self, channel: Channel) -> int:
        """How many watch ``channel`` here now; other hubs are no viewers."""
        here = sum(not viewer.relays for viewer in self.fed_with(channel))
        return here + sum(share.viewers.get(channel.name, 0) for share in self.shares.values())

    def users(self, channel: Channel, encoding: Encoding) -> int:
        """How many need this encoding of it; a fan-out process that takes it stands for its own."""
        key = rendition_key(encoding.rendition)
        shares = self.shares.values()
        elsewhere = [share.users.get(channel.name, {}).get(key, 0) for share in shares]
        return encoding.users + sum(count - 1 for count in elsewhere if count)

    def fed_with(self, channel: Channel) -> list[Viewer]:
        """Everybody who is fed with ``channel`` here, other hubs too."""
        pumps = (pump for owner, pump in self.pumps.values() if owner is channel)
        return [viewer for pump in pumps for viewer in pump.viewers]

    def counts(self) -> dict[str, int]:
        """How many watch each channel, here and at the hubs that take it from here."""
        totals = Counter({each.name: self.viewers(each) for each in self._hub.channels})
        for report in self.reports.values():
            totals.update(report.viewers)
        return {name: count for name, count in totals.items() if count and self._hub.has(name)}

    def hear(self, report: Report, address: str) -> None:
        """A hub at ``address`` takes channels from here. What would be too much, together with what
        others report, is left out."""
        key = report.node, address
        known = sum(each.size for place, each in self.reports.items() if place != key)
        if known + report.size <= MAX_REPORTS_BYTES:
            self.reports[key] = report
        else:
            refusals.counts["reports"] += 1

    def forget(self, report: Report, address: str) -> None:
        """It has gone; what the same hub has reported since by another connection stays."""
        key = report.node, address
        if self.reports.get(key) is report:
            del self.reports[key]

    def hear_peer(self, node: str, report: dict[str, Any], names: Collection[str]) -> None:
        """A hub on the bus takes these channels from here, or none any more. FormatError."""
        if not names:
            self.reports.pop((node, ON_THE_BUS), None)
            return
        said = parse_report(report, size=len(json.dumps(report)))
        viewers = {name: said.viewers.get(name, 0) for name in names}
        ages = {name: said.ages[name] for name in names if name in said.ages}
        self.hear(replace(said, node=node, viewers=viewers, ages=ages), ON_THE_BUS)

    def below(self) -> list[dict[str, Any]]:
        """The hubs that take channels from here, as they report themselves, as many as can be
        drawn."""
        hubs = [report.describe() for report in self.reports.values()]
        return fitting(pruned(hubs, frozenset({self._hub.node})), MAX_SHOWN_BYTES, MAX_HUBS)

    def totals(self) -> tuple[int, int]:
        """Chunks sent and skipped since the start."""
        pumps = [pump for _, pump in self.pumps.values() if pump.muxed.kind.counted]
        counting: list[Pump | Share] = [*pumps, *self.shares.values()]
        return (
            self._past_sent + sum(each.sent for each in counting),
            self._past_skipped + sum(each.skipped for each in counting),
        )

    def remember(self, gone: Pump | Share) -> None:
        """It sends nothing more; what it has sent was sent all the same."""
        self._past_sent += gone.sent
        self._past_skipped += gone.skipped
