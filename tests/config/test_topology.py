"""Nodes of a file: where they find each other, far away and all on one machine."""

from dataclasses import replace
from pathlib import Path

import pytest

from televise.config.plan import Plan, Wanted
from televise.errors import InputError
from televise.hub.relays.upstream import parse_upstream
from televise.model.source import parse_source
from tests.conftest import Needs
from tests.sources.tls_server import make_certificate
from tests.support.server import served
from tests.support.waiting import until

FILE = """
host = "0.0.0.0"
insecure = true
max_viewers = 50

[nodes.ingress]
address = "Ingress.example"
rtmp = 1935
channels.cam = "pattern:"

[nodes.middle]
address = "10.0.0.2"
port = 8081
max_viewers = 9
upstreams = ["ingress?token=KEY", "wss://other.example:8443/tv"]
bus = "tls://hub:secret@bus.example:4333,nats://two.example"

[nodes.edge]
address = "fd00::3"
upstreams = ["middle", "ingress"]
rtmp = 1935
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "topology.toml"
    path.write_text(FILE)
    return path


def keys(plan: Plan) -> list[tuple[str, str]]:
    return [upstream.key for upstream in plan.settings.upstreams]


def test_each_on_its_machine(file: Path) -> None:
    ingress, middle, edge = (
        Wanted({}, file, name).plan() for name in ("ingress", "middle", "edge")
    )
    assert [plan.settings.port for plan in (ingress, middle, edge)] == [8080, 8081, 8080]
    assert [plan.settings.host for plan in (ingress, middle, edge)] == ["0.0.0.0"] * 3
    assert [plan.settings.max_viewers for plan in (ingress, middle, edge)] == [50, 9, 50]
    assert [plan.role for plan in (ingress, middle, edge)] == ["ingress", "intermediate", "edge"]
    assert keys(middle) == [
        ("ws://ingress.example:8080", "KEY"),
        ("wss://other.example:8443/tv", ""),
    ]
    assert keys(edge) == [("ws://10.0.0.2:8081", ""), ("ws://ingress.example:8080", "")]
    assert ingress.settings.names == ("ingress.example",), "so that it may be called so"


def test_all_on_one_machine(file: Path) -> None:
    plans = Wanted({}, file, local=True).plans()
    assert list(plans) == ["ingress", "middle", "edge"]
    ingress, middle, edge = plans.values()
    assert {plan.settings.host for plan in plans.values()} == {"127.0.0.1"}
    assert [plan.settings.port for plan in plans.values()] == [8080, 8081, 8082]
    assert [plan.settings.rtmp_port for plan in plans.values()] == [1935, None, 1936]
    assert keys(middle) == [("ws://127.0.0.1:8080", "KEY"), ("ws://127.0.0.1:8443/tv", "")]
    assert keys(edge) == [("ws://127.0.0.1:8081", ""), ("ws://127.0.0.1:8080", "")]
    assert middle.settings.bus == "nats://hub:secret@127.0.0.1:4333,nats://127.0.0.1"
    alone = Wanted({}, file, "edge", local=True).plan()
    assert (alone.settings.port, keys(alone)) == (8082, keys(edge)), "each alone finds the same"
    assert ingress.specs


def test_a_row_of_ports(file: Path) -> None:
    """What a command says is for all of them, and they make room for each other."""
    plans = Wanted({"port": 9000}, file, local=True).plans()
    assert [plan.settings.port for plan in plans.values()] == [9000, 9001, 9002]
    assert keys(plans["edge"]) == [("ws://127.0.0.1:9001", ""), ("ws://127.0.0.1:9000", "")]
    alone = Wanted({"port": 9000}, file, "edge").plan()
    assert alone.settings.port == 9000
    assert keys(alone) == [("ws://10.0.0.2:8081", ""), ("ws://ingress.example:8080", "")]


def test_one_hub_on_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text('host = "10.0.0.9"\nbus = "nats://bus.example"\nupstreams = ["http://h:1"]')
    plan = Wanted({}, path, local=True).plan()
    assert (plan.settings.host, plan.settings.bus) == ("127.0.0.1", "nats://127.0.0.1")
    assert keys(plan) == [("ws://127.0.0.1:1", "")]


SECURE = """
upstream_ca = "certificate.pem"

[nodes.ingress]
address = "localhost"
port = 8080
tls_cert = "certificate.pem"
tls_key = "key.pem"
channels.cam = "pattern:?size=160x120&fps=15"

[nodes.edge]
port = 8081
upstreams = ["ingress"]
"""


@pytest.fixture
def secure(file: Path, needs: Needs) -> Path:
    make_certificate(needs("openssl"), file.parent)
    file.write_text(SECURE)
    return file


async def test_nodes_reach_each_other_by_tls(secure: Path) -> None:
    ingress, edge = (Wanted({}, secure, name).plan().settings for name in ("ingress", "edge"))
    assert keys(Wanted({}, secure, "edge").plan()) == [("wss://localhost:8080", "")]
    async with served([parse_source("cam=pattern:")], replace(ingress, port=0)) as upper:
        upstreams = [parse_upstream(f"wss://localhost:{upper.port}")]
        async with served([], replace(edge, port=0, upstreams=upstreams)) as lower:
            await until(lambda: lower.server.hub.has("cam"))


def test_on_one_machine_nothing_is_encrypted(secure: Path) -> None:
    ingress, edge = Wanted({}, secure, local=True).plans().values()
    assert (ingress.settings.certificate, edge.settings.upstream_context) == (None, None)
    assert keys(edge) == [("ws://127.0.0.1:8080", "")]
    with pytest.raises(InputError, match=r"^--tls-cert: nothing is encrypted with --local: leave"):
        Wanted({"tls_cert": secure}, secure, local=True).plans()


@pytest.mark.parametrize(
    ("node", "text", "expected"),
    [
        ("", FILE, "several hubs: add --node NAME for one of ingress, middle, edge; or --local"),
        ("edg", FILE, "--node edg: .* has no such node; there is: ingress, middle, edge"),
        ("edge", "port = 1", "--node edge: .* describes one hub: leave --node out"),
    ],
    ids=["none", "unknown", "of one"],
)
def test_which_node(node: str, text: str, expected: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(InputError, match=expected):
        Wanted({}, file, node).plan()
