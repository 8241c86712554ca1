"""What is typed for ``--dialect``, and which ports that means."""

import socket
from pathlib import Path

import pytest

from televise.dialects import DIALECTS, mount, parse_dialect
from televise.dialects.spec import DialectSpec
from televise.errors import InputError
from televise.hub.hub import Hub
from televise.model.source import parse_source
from televise.server import Server
from televise.settings import Settings
from televise.web.edge import Edge
from televise.web.limits import Admission
from televise.web.seats import Seats
from televise.web.trust.keys import Keys


def make_edge(*names: str) -> Edge:
    hub = Hub([parse_source(f"{name}=pattern:") for name in names])
    seats = Seats(hub, Keys(Path("unused")), new_channels=False)
    return Edge(hub, Admission(10, 10, 10), "0", seats)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("flask", DialectSpec("flask")),
        ("flask=door", DialectSpec("flask", "door")),
        ("flask@81", DialectSpec("flask", "", 81)),
        ("flask=door@0", DialectSpec("flask", "door", 0)),
        ("flask,static=pages", DialectSpec("flask", static=Path("pages"))),
        ("flask=door@81,static=/a,b=@c", DialectSpec("flask", "door", 81, Path("/a,b=@c"))),
    ],
)
def test_name_channel_and_port(text: str, spec: DialectSpec) -> None:
    assert parse_dialect(text) == spec


@pytest.mark.parametrize(
    "text", ["", "flusk", "Flask", "flask:80", "=cam", "@80", "flask cam", "\x00"]
)
def test_an_unknown_name_lists_the_known_ones(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_dialect(text)
    assert "\n" not in str(caught.value)
    for dialect in DIALECTS:
        assert dialect.name in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["flask=", "flask=a/b", "flask=api", "flask@", "flask@x", "flask@65536", "flask@-1",
     "flask@1@2", "flask,static=", "flask@81,static=", "flask@¹", "flask@000000001"],
)  # fmt: skip
def test_a_bad_channel_or_port_is_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_dialect(text)
    assert "\n" not in str(caught.value)


def test_several_ports_move_together() -> None:
    assert DialectSpec("x").ports((8082, 8084)) == (8082, 8084)
    assert DialectSpec("x", "", 9000).ports((8082, 8084)) == (9000, 9002)
    assert DialectSpec("x", "", 0).ports((8082, 8084)) == (0, 0)
    with pytest.raises(InputError, match="65536"):
        DialectSpec("x", "", 65534).ports((8082, 8084))


def test_names_are_different_and_each_says_what_it_answers() -> None:
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)
    assert all(dialect.ports and dialect.answers for dialect in DIALECTS)
    assert not [line for dialect in DIALECTS for line in dialect.answers if "\n" in line]


async def test_each_dialect_has_routes_for_each_port() -> None:
    edge = make_edge("cam")
    for dialect in DIALECTS:
        mounted = mount([DialectSpec(dialect.name)], edge, 1)
        assert [each.port for each in mounted] == list(dialect.ports)
        assert all(each.routes for each in mounted)


async def test_clashing_ports_are_named_with_both_who_want_them() -> None:
    edge = make_edge("cam")
    with pytest.raises(InputError, match=r"plain.*flask.*5000"):
        mount([parse_dialect("flask"), parse_dialect("plain@5000")], edge, 80)
    with pytest.raises(InputError, match=r"mjpg_streamer.*server.*8080"):
        mount([parse_dialect("mjpg_streamer")], edge, 8080)
    free = [parse_dialect("flask@0"), parse_dialect("plain@0"), parse_dialect("plain@0")]
    assert [mounted.port for mounted in mount(free, edge, 0)] == [0, 0, 0]


async def test_a_port_that_another_program_has_is_named_with_the_dialect() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = Server([], Settings(port=0, dialects=[DialectSpec("pymjpeg", "", port)]))
        try:
            with pytest.raises(InputError) as caught:
                await server.start()
        finally:
            await server.close()
    assert str(caught.value) == (
        f"dialect pymjpeg: port {port} is in use: "
        f"choose another, as in --dialect pymjpeg@{port + 1}"
    )


async def test_a_channel_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"door.*cam, roof"):
        mount([parse_dialect("flask=door")], make_edge("cam", "roof"), 80)
