"""Topology: the nodes of a file, and where they find each other."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from televise.config.file import Nodes
from televise.config.keys import CERTIFICATES
from televise.errors import InputError
from televise.hub.relays.upstream import Upstream, parse_upstream

PORT = 8080
MAX_PORT = 1 << 16
LOOPBACK = "127.0.0.1"
_PLAIN = {"ws": "ws", "http": "http", "wss": "ws", "https": "http", "nats": "nats", "tls": "nats"}


class Topology:
    """``local``: all nodes are on this machine, whatever their addresses, and without TLS. A port
    that two of them want is the first one's then; the other takes the next that nobody wants.
    ``given`` is what a command says instead of the file.
    """

    def __init__(self, nodes: Nodes, given: Mapping[str, Any], *, local: bool) -> None:
        self._nodes = nodes
        self._local = local
        self._given = given if local else {}
        self._ports = self._shared_out() if local else {}

    def values(self, name: str) -> dict[str, Any]:
        """What a node's keys say, where it is."""
        node = self._nodes[name]
        values = {"port": PORT, **node.values}
        if self._local:
            values = {key: each for key, each in values.items() if key not in CERTIFICATES}
            values["host"] = LOOPBACK
            values |= {key: port for (of, key), port in self._ports.items() if of == name}
            if bus := values.get("bus"):
                values["bus"] = ",".join(map(on_loopback, bus.split(",")))
        return values

    def url(self, name: str) -> str:
        """Where others reach it. InputError where they cannot."""
        values = self.values(name)
        if not (port := values["port"]):
            node = self._nodes[name]
            raise node.place_of("port").error("others must know it: write a number above 0")
        host = LOOPBACK if self._local else self._nodes[name].address
        scheme = "wss" if "tls_cert" in values else "ws"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def upstreams(self, name: str) -> list[Upstream]:
        """Those of a node, which are named, or given as URLs. InputError."""
        node = self._nodes[name]
        try:
            return [self._upstream(name, text) for text in node.values.get("upstreams", ())]
        except InputError as error:
            if str(error).startswith(f"{node.place.file}:"):
                raise  # it is another key that is wrong
            raise node.place_of("upstreams").error(str(error).removeprefix("--upstream ")) from None

    def role(self, name: str) -> str:
        """Ingress, intermediate or edge: it has channels of its own, hubs below, or neither."""
        values = self._nodes[name].values
        if values.get("channels") or values.get("new_channels"):
            return "ingress"
        upstreams = (node.values.get("upstreams", ()) for node in self._nodes.values())
        taken = {text.partition("?")[0] for each in upstreams for text in each}
        return "intermediate" if name in taken else "edge"

    def _upstream(self, of: str, text: str) -> Upstream:
        name, mark, query = text.partition("?")
        if "://" in text:
            upstream = parse_upstream(text)
            return parse_upstream(on_loopback(text)) if self._local else upstream
        shown = name.rpartition("@")[2]
        if "" in self._nodes:
            raise InputError(f"{shown!r} is no URL: write it as in ws://hub.example:8080?token=KEY")
        others = [each for each in self._nodes if each != of]
        if name not in others:
            raise InputError(
                f"no other node is named {shown!r}: there is {', '.join(others) or 'none'}; "
                "or write a URL, as in ws://hub.example:8080"
            )
        return parse_upstream(f"{self.url(name)}{mark}{query}")

    def _shared_out(self) -> dict[tuple[str, str], int]:
        """A port of its own for each wish."""
        shared: dict[tuple[str, str], int] = {}
        wishes = dict(self._wishes())
        for wish, port in wishes.items():  # who comes first has what it wants
            if port not in shared.values() or port <= 0:
                shared[wish] = port
        for wish, port in wishes.items():
            if wish not in shared:
                taken = set(shared.values())
                shared[wish] = next(
                    (free for free in range(port, MAX_PORT) if free not in taken), port
                )
        return shared

    def _wishes(self) -> Iterator[tuple[tuple[str, str], int]]:
        for key in ("port", "rtmp"):
            for name, node in self._nodes.items():
                wanted = {"port": PORT, **node.values, **self._given}
                if key in wanted:
                    yield (name, key), wanted[key]


def on_loopback(text: str) -> str:
    """The URL of the same on this machine, where nothing is encrypted."""
    url = urlsplit(text)
    user, at, _ = url.netloc.rpartition("@")
    port = f":{url.port}" if url.port else ""
    place = f"{user}{at}{LOOPBACK}{port}"
    return urlunsplit(url._replace(scheme=_PLAIN[url.scheme], netloc=place))
