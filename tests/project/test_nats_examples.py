"""The example configurations of NATS: servers take them, and pictures cross where they say."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from televise.model.rendition import Rendition
from tests.support.nats import EXAMPLES, PASSWORD, PROGRAM, NatsServer, nats_server
from tests.support.server import SMALL, serving
from tests.support.waiting import until
from tests.support.witness import Witness

CONFIGS = sorted(EXAMPLES.glob("*.conf"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(leaf_port: int = 7422) -> dict[str, str]:
    """What the configurations want to be told."""
    return {
        "NATS_PASSWORD": PASSWORD,
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


@pytest.fixture(params=["one server", "leaf", "two data centres"])
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The URLs of two servers, or twice that of one."""
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        if request.param == "one server":
            server = start(stack, folders[0], "server", {})
            yield server.url, server.url
        elif request.param == "leaf":
            ports = {"port: 7422": free_port()}
            central = start(stack, folders[0], "central", ports)
            leaf = start(stack, folders[1], "leaf", ports)
            yield central.url, leaf.url.replace(f"hub:{PASSWORD}@", "")
        else:
            east, west = free_port(), free_port()
            routes = [{"port: 6222": free_port()}, {"port: 6222": free_port()}]
            here = {"port: 7222": east, ":7222": west} | routes[0]
            there = {"port: 7222": west, ":7222": east} | routes[1]
            yield (
                start(stack, folders[0], "east", here).url,
                start(stack, folders[1], "west", there).url,
            )


async def test_pictures_cross(ends: tuple[str, str]) -> None:
    async with (
        serving(f"cam={SMALL}", bus=ends[0]) as source,
        serving("own=publish:", bus=ends[1], rtmp_port=-1) as edge,
    ):
        await until(lambda: edge.server.hub.has("cam"))
        assert source.channel("cam").encodings == []
        witness = Witness(edge.channel("cam"), Rendition("h264"))
        await witness.sees(20)
        witness.check()
        assert witness.channel.ledger.missing == 0
