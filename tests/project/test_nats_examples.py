"""The example configurations of NATS: servers take them, and pictures cross where they say."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from nats.aio.client import Client

from televise import events
from televise.config.plan import Wanted
from televise.link.nats import control_subject, media_subject, node_subject
from televise.model.rendition import Rendition
from tests.support.nats import EXAMPLES, PASSWORD, PROGRAM, NatsServer, nats_server
from tests.support.server import SMALL, Serving, served, serving
from tests.support.waiting import until
from tests.support.witness import Witness

SITES = EXAMPLES.parent / "topologies" / "sites.toml"
CONFIGS = sorted(EXAMPLES.glob("*.conf"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(leaf_port: int = 7422) -> dict[str, str]:
    """What the configurations want to be told."""
    return {
        **dict.fromkeys(("NATS_PASSWORD", "CAMERA_PASSWORD", "OFFICE_PASSWORD"), PASSWORD),
        "NATS_LEAF": f'"nats-leaf://hub:{PASSWORD}@127.0.0.1:{leaf_port}"',
    }


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_servers_take_them(config: Path) -> None:
    done = subprocess.run(
        [PROGRAM, "-t", "-c", config],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert (done.returncode, "is valid" in done.stderr) == (0, True), done.stderr


def start(stack: ExitStack, folder: Path, name: str, ports: dict[str, int]) -> NatsServer:
    """A server with the example ``name``, of which the ``ports`` are other ones."""
    for config in CONFIGS:
        text = config.read_text().replace("west.example", "127.0.0.1")
        text = text.replace("east.example", "127.0.0.1")
        for port, other in ports.items():
            text = text.replace(port, port.rstrip("0123456789") + str(other))
        (folder / config.name).write_text(text)
    more = environment(ports.get("port: 7422", 7422))
    server = nats_server(folder / name, config=folder / f"{name}.conf", environment=more)
    return stack.enter_context(server)


@pytest.fixture(params=["one server", "leaf"])
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The URLs of two servers, or twice that of one."""
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        if request.param == "one server":
            server = start(stack, folders[0], "server", {})
            yield server.url, server.url
        else:
            ports = {"port: 7422": free_port()}
            central = start(stack, folders[0], "central", ports)
            leaf = start(stack, folders[1], "leaf", ports)
            yield central.url, leaf.url.replace(f"hub:{PASSWORD}@", "")


async def test_pictures_cross(ends: tuple[str, str]) -> None:
    async with (
        serving(f"cam={SMALL}", bus=ends[0]) as source,
        serving("own=publish:", bus=ends[1], rtmp_port=-1) as edge,
    ):
        await cross(source, edge)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[NatsServer]:
    """A server that knows hubs by their names."""
    with ExitStack() as stack:
        yield start(stack, tmp_path, "users", {})


def as_user(server: NatsServer, name: str) -> str:
    return server.url.replace("hub:", f"{name}:")


async def test_pictures_cross_where_each_hub_has_a_user(guarded: NatsServer) -> None:
    async with (
        serving(f"cam={SMALL}", bus=as_user(guarded, "camera"), name="camera") as source,
        serving(
            "own=publish:", bus=as_user(guarded, "office"), name="office", rtmp_port=-1
        ) as edge,
    ):
        await cross(source, edge)
        await until(lambda: source.server.hub.has("own"))


@pytest.mark.parametrize("name", ["camera", "camera-2", ""])
async def test_a_hub_with_the_name_of_another_is_not_heard(
    guarded: NatsServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []
    monkeypatch.setattr(events, "warning", lambda _, **fields: refused.append(str(fields)))
    bus = as_user(guarded, "office")
    async with (
        serving(f"cam={SMALL}", bus=as_user(guarded, "camera"), name="camera") as source,
        serving(f"forged={SMALL}", bus=bus, name=name) as other,
    ):
        await until(lambda: other.server.hub.has("cam"))
        subject = node_subject(other.server.hub.node)
        await until(lambda: any(subject in line for line in refused))
        assert not source.server.hub.has("forged")


@pytest.mark.parametrize("secret", ["asked", "answered", "sent"])
async def test_who_has_a_user_cannot_say_or_hear_what_is_of_others(
    guarded: NatsServer, secret: str
) -> None:
    async with serving(f"cam={SMALL}", bus=as_user(guarded, "camera"), name="camera") as source:
        node, errors = source.server.hub.node, list[Exception]()

        async def failed(error: Exception) -> None:
            errors.append(error)

        client = Client()
        await client.connect(as_user(guarded, "office"), error_cb=failed)
        if secret == "asked":
            await client.subscribe(control_subject("*", node))
        elif secret == "answered":
            await client.subscribe("_INBOX.>")
        else:
            await client.publish(media_subject("cam", Rendition("h264"), node), b"forged")
        await client.flush()
        await until(lambda: errors)
        assert "permissions violation" in str(errors[0]).lower()
        await client.close()


async def cross(source: Serving, edge: Serving) -> None:
    """Pictures of the one come to the other, when they are wanted."""
    await until(lambda: edge.server.hub.has("cam"))
    assert source.channel("cam").encodings == []
    witness = Witness(edge.channel("cam"), Rendition("h264"))
    await witness.sees(20)
    witness.check()
    assert witness.channel.ledger.missing == 0


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[tuple[NatsServer, NatsServer]]:
    """A server in each of two data centres."""
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    east, west = free_port(), free_port()
    here = {"port: 7222": east, ":7222": west, "port: 6222": free_port()}
    there = {"port: 7222": west, ":7222": east, "port: 6222": free_port()}
    with ExitStack() as stack:
        yield start(stack, folders[0], "east", here), start(stack, folders[1], "west", there)


async def test_two_sites(
    sites: tuple[NatsServer, NatsServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file with all hubs, two of which are enough here."""
    monkeypatch.setenv("NATS_PASSWORD", PASSWORD)
    file = tmp_path / "sites.toml"
    text = SITES.read_text().replace('"pattern:"', f'"{SMALL}"')
    for name, server in zip(("east", "west"), sites, strict=True):
        text = text.replace(f"{name}.example:4222", f"{name}.example:{server.port}")
    file.write_text(text)
    plans = Wanted({"port": 0}, file, local=True).plans()
    assert [plan.role for plan in plans.values()] == ["ingress", "edge", "edge", "edge"]
    camera, west = plans["camera"], plans["west-2"]
    assert camera.settings.bus == sites[0].url
    async with (
        served(camera.specs, camera.settings) as source,
        served(west.specs, west.settings) as edge,
    ):
        await cross(source, edge)
