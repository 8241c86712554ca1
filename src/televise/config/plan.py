"""Plan: the hub that a command and a file describe together. What the command says goes before."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from ssl import SSLContext

from televise.config.channels import Named
from televise.config.file import Node, Nodes, read_file
from televise.config.keys import TLS, Values
from televise.config.place import Place
from televise.config.topology import LOOPBACK, PORT, Topology
from televise.dialects import DialectSpec, check_ports, replay_seconds
from televise.errors import InputError
from televise.fanout.crew import check_count
from televise.hub.policy import DEFAULT, Policy
from televise.model.source import SourceSpec, parse_source
from televise.settings import Settings
from televise.web.trust.certificate import Certificate, client_context
from televise.web.trust.secret import check_secret
from televise.web.trust.security import is_loopback

# Whence channels may come that are not named here.
ELSEWHERE = ("upstreams", "bus", "new_channels")
# Of files that belong together: those are nothing without this one.
_TOGETHER = {"tls_key": "tls_cert", "tls_client_ca": "tls_cert", "upstream_key": "upstream_cert"}


@dataclass(frozen=True)
class Plan:
    """A hub, understood and checked; ``role`` is what it is to others of its file, ``typed`` are
    the channels of the command."""

    specs: Sequence[SourceSpec]
    settings: Settings
    role: str = ""
    typed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Wanted:
    """What a command says: ``given`` are the options that were written, by the names of the keys;
    the file, if there is one; which of its nodes, or '' for none; whether all are on this machine.
    """

    given: Values
    file: Path | None = None
    node: str = ""
    local: bool = False

    def nodes(self) -> Nodes:
        """What the file describes now. InputError."""
        return read_file(self.file) if self.file else {"": Node(Place("", ""), {})}

    def plan(self) -> Plan:
        """The hub, after the file as it is now. InputError."""
        nodes = self.nodes()
        if self.node not in nodes:
            raise InputError(self._no_such_node(nodes))
        self._check_local()
        topology, node = Topology(nodes, self.given, local=self.local), nodes[self.node]
        values = topology.values(self.node)
        if "upstreams" in self.given:
            values["upstreams"] = self.given["upstreams"]
        else:
            values["upstreams"] = topology.upstreams(self.node)
        # Ports that the command says are shared out already.
        shared = ("port", "rtmp") if self.local else ()
        given = {key: value for key, value in self.given.items() if key not in shared}
        plan = _plan(node, values, given)
        settings = replace(plan.settings, name=self.node)
        return replace(plan, settings=settings, role=topology.role(self.node))

    def plans(self) -> dict[str, Plan]:
        """All hubs of the file, after their names. InputError."""
        return {name: replace(self, node=name).plan() for name in self.nodes()}

    def _check_local(self) -> None:
        if key := next((key for key in TLS if self.local and key in self.given), ""):
            option = f"--{key.replace('_', '-')}"
            raise InputError(f"{option}: nothing is encrypted with --local: leave one of them out")

    def _no_such_node(self, nodes: Nodes) -> str:
        if "" in nodes:
            return f"--node {self.node}: {self.file} describes one hub: leave --node out"
        known = ", ".join(nodes)
        if self.node:
            return f"--node {self.node}: {self.file} has no such node; there is: {known}"
        return (
            f"{self.file} describes several hubs: add --node NAME for one of {known}; "
            "or --local for all of them on this machine"
        )


def _plan(node: Node, filed: Values, given: Values) -> Plan:
    values = {**filed, **given}
    _check_host(node, values, given)
    channels = _channels(filed.get("channels", []), given.get("channels", []))
    if not channels and not any(values.get(key) for key in ELSEWHERE):
        channels = [Named(parse_source("demo=pattern:"))]
    specs = [each.spec for each in channels]
    if "dialects" in filed and "dialects" not in given:
        _check_dialects(node, values, specs)
    _check_together(node, values, given)
    with _in_place(node, given):
        certificate, context = _certificate(values), _upstream_context(values)
        check_count(values.get("workers", 1))
        _check_key_file(values)
    settings = Settings(
        **{field.name: values[field.name] for field in fields(Settings) if field.name in values},
        rtmp_port=values.get("rtmp"),
        policy=_policy(values.get("replay"), values.get("dialects", ())),
        policies={each.spec.name: _policy(each.replay) for each in channels if each.replay},
        names=() if is_loopback(node.address) else (node.address,),
        certificate=certificate,
        upstream_context=context,
        proxies=tuple(values.get("trusted_proxies", ())),
    )
    typed = frozenset(each.spec.name for each in given.get("channels", []))
    return Plan(specs, settings, typed=typed)


def _channels(filed: Sequence[Named], typed: Sequence[Named]) -> list[Named]:
    """All of them; of one name, what was typed."""
    names = {each.spec.name for each in typed}
    return [*(each for each in filed if each.spec.name not in names), *typed]


def _policy(replay: int | None, dialects: Sequence[DialectSpec] = ()) -> Policy:
    if replay is None:
        return Policy(max(DEFAULT.replay_seconds, replay_seconds(dialects)))
    return Policy(replay, keep_open=True)


def _check_host(node: Node, values: Values, given: Values) -> None:
    host = values.get("host", LOOPBACK)
    if is_loopback(host) or values.get("private") or values.get("insecure"):
        return
    what = f"{host} lets everybody in your network watch: add"
    need, wish = "so that they need a key, or", "if that is what you want"
    if "host" in given:
        raise InputError(f"--host {what} --private, {need} --insecure {wish}")
    raise node.place_of("host").error(f"{what} private = true, {need} insecure = true {wish}")


def _check_together(node: Node, values: Values, given: Values) -> None:
    for key, needed in _TOGETHER.items():
        if key not in values or needed in values:
            continue
        if key in given:
            one, other = (f"--{each.replace('_', '-')}" for each in (key, needed))
            raise InputError(f"{one} is for a certificate: add {other} FILE")
        raise node.place_of(key).error(f"it is for a certificate: add {needed}")


@contextmanager
def _in_place(node: Node, given: Values) -> Iterator[None]:
    """What is wrong with an option is told with line and key where the file has said it."""
    try:
        yield
    except InputError as error:
        option, _, message = str(error).partition(" ")
        key = option.removeprefix("--").replace("-", "_")
        if key in given:
            raise
        raise node.place_of(key).error(message) from None


def _check_key_file(values: Values) -> None:
    """One that is not there yet is made when it is needed."""
    if path := values.get("key_file"):
        try:
            check_secret(path)
        except InputError as error:
            raise InputError(f"--key-file {error}") from None


def _certificate(values: Values) -> Certificate | None:
    file = values.get("tls_cert")
    if file is None:
        return None
    return Certificate(file, values.get("tls_key"), values.get("tls_client_ca"))


def _upstream_context(values: Values) -> SSLContext | None:
    files = [values.get(f"upstream_{each}") for each in ("ca", "cert", "key")]
    return client_context(*files) if any(files) else None


def _check_dialects(node: Node, values: Values, specs: Sequence[SourceSpec]) -> None:
    """What the server would say of them, and where they stand."""
    dialects: Sequence[DialectSpec] = values["dialects"]
    names = [spec.name for spec in specs]
    more = any(values.get(key) for key in ELSEWHERE)
    more = more or any(spec.kind == "directories" for spec in specs)
    try:
        check_ports(dialects, values.get("port", PORT))
        for dialect in dialects:
            if dialect.channel and dialect.channel not in names and not more:
                known = ", ".join(names)
                raise InputError(f"no channel {dialect.channel!r}; there is: {known}")
    except InputError as error:
        raise node.place_of("dialects").error(str(error)) from None
