"""Every output through nginx and Caddy, as deploy/ has them, with TLS: nothing is held back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from televise.doctor.checks import buffering, publishing, websocket
from televise.doctor.patient import Patient
from tests.conftest import Needs
from tests.deploy.proxies import DEPLOYED, Proxy, free_ports, no_sockets
from tests.support.process import Running, televise
from tests.support.server import SMALL
from tests.support.waiting import until

OUTPUTS = {
    "mjpg": b"--televise",
    "gif": b"GIF89a",
    "mp4": b"",
    "flv": b"FLV",
    "ts": b"\x47",
    "m1v": b"\0\0\x01\xb3",
}


@dataclass
class Deployed:
    """A hub, and the proxy in front of it."""

    proxy: Proxy
    hub: Running


@pytest.fixture(scope="module", params=list(DEPLOYED))
def deployed(
    request: pytest.FixtureRequest, needs: Needs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    program, folder = needs(request.param), tmp_path_factory.mktemp(request.param)
    (port,) = free_ports(1)
    sources = [f"cam={SMALL}", f"left={SMALL}", "live=publish:", "--rtmp", "off"]
    origin = ["--origin", f"https://127.0.0.1:{port}"]
    with (
        televise(*sources, *origin, log=folder / "hub.log") as hub,
        DEPLOYED[request.param](program, folder, port, hub.port) as proxy,
    ):
        yield Deployed(proxy, hub)


@pytest.fixture
async def session(deployed: Deployed) -> AsyncIterator[aiohttp.ClientSession]:
    assert deployed.proxy.context is not None
    connector = aiohttp.TCPConnector(ssl=deployed.proxy.context)
    async with aiohttp.ClientSession(connector=connector) as client:
        yield client
    await no_sockets()


async def test_every_output_begins_while_it_runs(
    deployed: Deployed, session: aiohttp.ClientSession
) -> None:
    """All of these answers are without end: what comes, comes before that."""
    patient = Patient(session, "", deployed.proxy.url)

    async def first(extension: str) -> bytes:
        async with patient.get(f"/cam.{extension}") as answer:
            assert answer.status == 200
            return await answer.content.readexactly(4096 if extension == "mp4" else 1024)

    async with asyncio.timeout(60):
        found = await asyncio.gather(*map(first, OUTPUTS))
    begun = dict(zip(OUTPUTS, found, strict=True))
    assert begun.pop("mp4")[4:8] == b"ftyp"
    assert {name: data[: len(OUTPUTS[name])] for name, data in begun.items()} == {
        name: head for name, head in OUTPUTS.items() if name != "mp4"
    }


async def test_pictures_come_one_by_one_and_in_order(
    deployed: Deployed, session: aiohttp.ClientSession
) -> None:
    patient = Patient(session, "", deployed.proxy.url, [{"name": "cam", "source": "pattern:"}])
    arrivals: list[buffering.Arrival] = []
    async with asyncio.timeout(60), patient.get("/cam.mjpg", w="64", fps="5", q="10") as answer:
        await buffering._receive(answer.content, arrivals)
    captured = [arrival.captured for arrival in arrivals]
    assert len(captured) == buffering.PICTURES
    assert captured == sorted(set(captured))
    assert not buffering.are_bursts(arrivals)


async def test_websockets_and_publishers_pass(
    deployed: Deployed, session: aiohttp.ClientSession
) -> None:
    channels = [{"name": "cam", "source": "pattern:"}, {"name": "live", "source": "publish:"}]
    patient = Patient(session, "", deployed.proxy.url, channels)
    async with asyncio.timeout(60):
        found = [*await websocket.examine(patient), *await publishing.examine(patient)]
    assert [finding.level for finding in found] == ["ok", "ok"], found


async def test_a_viewer_who_goes_is_gone_at_the_hub_too(
    deployed: Deployed, session: aiohttp.ClientSession
) -> None:
    async def viewers() -> int:
        async with session.get(f"{deployed.proxy.url}/api/channels/left") as answer:
            return int((await answer.json())["viewers"])

    async with asyncio.timeout(60):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", deployed.proxy.port, ssl=deployed.proxy.context
        )
        writer.write(
            f"GET /left.mjpg HTTP/1.1\r\nHost: {deployed.proxy.authority}\r\n\r\n".encode()
        )
        await reader.readexactly(1024)
        assert await viewers() == 1
        writer.transport.abort()
        while await viewers():  # noqa: ASYNC110  (another process counts them)
            await asyncio.sleep(0.05)


def logged(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.glob("*.log")]


async def test_keys_are_not_logged(deployed: Deployed, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{deployed.proxy.url}/cam.jpg?token=s3cr3t-key") as answer:
        await answer.read()
    log = deployed.proxy.folder / "access.log"
    if log.exists():  # Caddy has none
        await until(lambda: "/cam.jpg" in log.read_text())
    said = logged(deployed.proxy.folder)
    assert said
    assert not [text for text in said if "s3cr3t-key" in text]
