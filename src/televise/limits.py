"""Limits: how much of everything a server allows, and how much of that is used."""

from televise import events
from televise.link.messages import Allow
from televise.model import refusals
from televise.settings import LIMITS, Settings
from televise.web.connections.buffers import Buffers
from televise.web.connections.ports import Ports
from televise.web.edge import Edge
from televise.web.metrics import Numbers
from televise.web.trust.suspects import Suspects


class Limits:
    """Tells them to all who count, and asks these how far they are."""

    def __init__(self, edge: Edge, ports: Ports, suspects: Suspects) -> None:
        self._edge = edge
        self._ports = ports
        self._suspects = suspects
        self._settings = Settings()
        self._buffers = Buffers(edge.hub, ports.backlog, lambda: ports.connections)
        edge.admission.has_room = lambda: not ports.backlog.is_too_much

    def set(self, settings: Settings) -> None:
        """These hold from now on; who is there may stay."""
        self._settings = settings
        self._edge.admission.set_limits(
            settings.max_viewers,
            settings.max_viewers_per_address,
            settings.max_viewers_per_channel,
        )
        self._ports.set_limit(settings.max_connections_per_address)
        self._edge.hub.set_budget(settings.max_renditions, settings.max_megapixels)
        self._edge.seats.max_publishers = settings.max_publishers
        self._buffers.set_limit(settings.max_megabytes)
        self._set_sizes(settings)
        self._edge.hub.allow(Allow(settings.max_pixels, settings.max_replay_megabytes << 20))
        events.set_limit(settings.max_log_lines)

    def _set_sizes(self, settings: Settings) -> None:
        sizes = self._edge.sizes
        sizes.header = settings.max_header_kilobytes << 10
        sizes.body = settings.max_body_kilobytes << 10
        sizes.picture = settings.max_picture_megabytes << 20
        sizes.message = settings.max_message_megabytes << 20
        sizes.pixels = settings.max_pixels

    def look(self) -> None:
        """Where too much waits for viewers, some of it gives way. To be called each second."""
        self._buffers.look()
        if silenced := events.take_silenced():
            refusals.counts["log_lines"] += silenced

    def numbers(self) -> Numbers:
        """The limits by their names, and how far some of them are used."""
        budget, places = self._edge.hub.budget, self._ports.places
        limits = {
            **{name.removeprefix("max_"): getattr(self._settings, name) for name in LIMITS},
            "connections": places.most,
            "connections_per_address": places.most_per_address,
            "megapixels": budget.megapixels,
        }
        used = {
            "viewers": self._edge.admission.count,
            "connections": sum(1 for _ in self._ports.connections),
            "megapixels": budget.used,
            "publishers": self._edge.seats.publishers,
            "megabytes": self._buffers.bytes / (1 << 20),
        }
        return Numbers(limits, used, self._suspects.wrong)
