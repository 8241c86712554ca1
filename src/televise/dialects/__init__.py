"""The originals' ports and URLs, so that their own clients work unmodified; one file each."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from televise.dialects import (
    berrymse,
    flask,
    gifstreaming,
    go2rtc,
    jsmpeg_relay,
    live_thumb,
    mjpg_streamer,
    mse_demo,
    pistreaming,
    plain,
    pymjpeg,
    rtsptoweb,
    websocketlivestream,
)
from televise.dialects.dialect import PORTS, ChannelOf, Dialect, Routes
from televise.dialects.files import Fill, in_front
from televise.dialects.spec import DialectSpec, parse_spec
from televise.errors import InputError, UnknownChannel
from televise.hub.channel import Channel
from televise.hub.hub import Hub
from televise.web.edge import Edge
from televise.web.trust.access import access_of

DIALECTS: tuple[Dialect, ...] = (
    gifstreaming.DIALECT,
    live_thumb.DIALECT,
    pymjpeg.DIALECT,
    flask.DIALECT,
    mjpg_streamer.DIALECT,
    jsmpeg_relay.DIALECT,
    pistreaming.DIALECT,
    websocketlivestream.DIALECT,
    berrymse.DIALECT,
    mse_demo.DIALECT,
    rtsptoweb.DIALECT,
    go2rtc.DIALECT,
    plain.DIALECT,
)
_BY_NAME = {dialect.name: dialect for dialect in DIALECTS}

__all__ = [
    "DIALECTS",
    "PORTS",
    "Dialect",
    "DialectSpec",
    "Mounted",
    "check_ports",
    "mount",
    "parse_dialect",
    "replay_seconds",
]


@dataclass(frozen=True)
class Mounted:
    """A port to listen on, and what is answered there; port 0 is any free one. Its ``spec`` has
    others, too, where the original had them."""

    spec: DialectSpec
    port: int
    routes: Routes

    @property
    def name(self) -> str:
        """That of the dialect."""
        return self.spec.name


def parse_dialect(text: str) -> DialectSpec:
    """Understand ``NAME[=CHANNEL][@PORT][,static=DIR]``; InputError lists the names that are
    known."""
    return parse_spec(text, _BY_NAME)


def mount(
    specs: Sequence[DialectSpec], edge: Edge, own_port: int, *, more: bool = False
) -> list[Mounted]:
    """All ports of these dialects.

    InputError where two of them, or one and ``own_port`` of the server, want the same, or where
    there is no channel of a name that was given, unless ``more`` may come, or no such directory.
    """
    check_ports(specs, own_port)
    mounted: list[Mounted] = []
    for spec in specs:
        dialect = _BY_NAME[spec.name]
        if spec.channel and not more:
            _check_channel(edge.hub, spec)
        if spec.static is not None and not spec.static.is_dir():
            raise InputError(f"--dialect {spec.name},static={spec.static}: no such directory")
        channel_of = _channel_of(edge.hub, spec)
        per_port = dialect.routes(edge, channel_of)
        for port, routes in zip(spec.ports(dialect.ports), per_port, strict=True):
            if spec.static is not None:
                routes = in_front(routes, spec.static, _words(dialect, channel_of))
            mounted.append(Mounted(spec, port, routes))
    return mounted


def check_ports(specs: Sequence[DialectSpec], own_port: int) -> None:
    """InputError where two of these dialects, or one and ``own_port``, want the same port."""
    taken = {own_port: "the server itself (--port)"}
    for spec in specs:
        for port in spec.ports(_BY_NAME[spec.name].ports):
            if port and port in taken:
                raise InputError(
                    f"dialect {spec.name} and {taken[port]} both want port {port}: "
                    f"give one another, as in --dialect {spec.name}@{port + 10}"
                )
            taken[port] = f"dialect {spec.name}"


def replay_seconds(specs: Sequence[DialectSpec]) -> int:
    """How much of the past they need."""
    return max((_BY_NAME[spec.name].replay_seconds for spec in specs), default=0)


def _words(dialect: Dialect, channel_of: ChannelOf) -> Fill | None:
    if (words := dialect.words) is None:
        return None
    return lambda request: words(request, channel_of(request, ""), request.app[PORTS])


def _check_channel(hub: Hub, spec: DialectSpec) -> None:
    try:
        hub.channel(spec.channel)
    except UnknownChannel as error:
        known = ", ".join(error.known) or "none"
        text = f"--dialect {spec.name}={spec.channel}: {error}; there is: {known}"
        raise InputError(text) from None


def _channel_of(hub: Hub, spec: DialectSpec) -> ChannelOf:
    """The channel that was given, whatever a URL says; else that of the URL; else the first."""

    def find(request: web.Request, name: str) -> Channel:
        # Who may not watch it is not told whether there is one, either.
        if wanted := spec.channel or name:
            access_of(request).check(wanted)
        channel = _by_name(hub, wanted)
        access_of(request).check(channel.name)
        return channel

    return find


def _by_name(hub: Hub, name: str) -> Channel:
    return hub.channel(name) if name or not hub.channels else hub.channels[0]
