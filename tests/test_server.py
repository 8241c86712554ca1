"""The whole server in one process: workers that die, nobody watching, and its end."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from televise.dialects import parse_dialect
from televise.errors import InputError
from televise.hub import channel as channel_module
from televise.hub import renditions
from televise.hub import supervisor as supervisor_module
from televise.model.backoff import Backoff
from televise.model.source import parse_source
from televise.server import Server
from televise.settings import Settings
from tests.support.mp4 import Fragment, is_init, parse_fragment
from tests.support.process import children, is_alive, televise
from tests.support.server import Serving, serving
from tests.support.told import told
from tests.support.waiting import until
from tests.support.wire import BINARY, CLOSE, TEXT, Stream, connect, request

SMALL = "cam=pattern:?size=160x120&fps=15"
TONED = "cam=pattern:?size=160x120&fps=15&tone=440"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linger and wait for moments only."""
    monkeypatch.setattr(renditions, "LINGER_SECONDS", 0.1)
    monkeypatch.setattr(channel_module, "SOURCE_LINGER_SECONDS", 0.1)
    monkeypatch.setattr(supervisor_module, "Backoff", lambda: Backoff(0.05, 0.05))


class Ledger:
    """Reads a told stream of MP4, and checks that nothing in it goes backwards."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.epochs: list[int] = []
        self.states: list[str] = []
        self.fragments: list[Fragment] = []
        self.begins: list[Fragment] = []

    async def read(self) -> None:
        """One message, and what belongs to it."""
        message = (await self.stream.frame()).json
        if message["type"] == "state":
            self.states.append(message["state"])
        elif message["type"] == "init":
            self.epochs.append(message["epoch"])
            assert is_init((await self.stream.frame()).payload)
        elif message["type"] == "chunk":
            assert message["epoch"] == self.epochs[-1]
            fragment = parse_fragment((await self.stream.frame()).payload)
            if len(self.begins) < len(self.epochs):
                self.begins.append(fragment)
            self.fragments.append(fragment)

    async def read_epoch(self, number: int, count: int = 20) -> None:
        """Up to ``count`` fragments after the init of the ``number``-th epoch."""
        async with asyncio.timeout(40):
            while len(self.epochs) < number:
                await self.read()
            enough = len(self.fragments) + count
            while len(self.fragments) < enough:
                await self.read()

    def check(self) -> None:
        assert all(before < after for before, after in pairwise(self.epochs))
        assert all(fragment.sync and fragment.starts_at_idr for fragment in self.begins)
        for track in (1, 2):
            times = [each.decode_time for each in self.fragments if each.track == track]
            assert times
            assert all(before < after for before, after in pairwise(times))


@pytest.mark.usefixtures("quick")
async def test_viewers_stay_while_a_worker_is_killed_and_replaced() -> None:
    async with (
        serving(TONED) as running,
        running.told("/cam.mp4") as told,
        running.stream("/cam.mjpg") as plain,
    ):
        ledger = Ledger(told)
        await ledger.read_epoch(1)
        await plain.until(b"--televise")
        for round_ in (2, 3):
            worker = running.channel().worker
            assert worker is not None
            os.kill(worker, signal.SIGKILL)
            await ledger.read_epoch(round_)
            assert not is_alive(worker)
        ledger.check()
        assert "offline" in ledger.states
        assert ledger.states[-1] == "live"
        assert len(await plain.exactly(20_000)) == 20_000
        assert running.watching == 2


@pytest.mark.usefixtures("quick")
async def test_a_worker_that_hangs_is_noticed_and_replaced_under_its_viewers() -> None:
    async with serving(TONED) as running, running.told("/cam.mp4") as told:
        ledger = Ledger(told)
        await ledger.read_epoch(1)
        worker = running.channel().worker
        assert worker is not None
        os.kill(worker, signal.SIGSTOP)
        await ledger.read_epoch(2)
        ledger.check()
        assert not is_alive(worker)
        assert "offline" in ledger.states


@pytest.mark.usefixtures("quick")
async def test_nobody_watching_costs_nothing_and_the_first_viewer_brings_it_back() -> None:
    before = set(children(os.getpid()))  # browsers, perhaps
    async with serving(SMALL) as running:
        async with running.stream_socket("/cam.mjpg") as first:
            await first.frame()
            assert len((await running.json("/api/channels/cam"))["renditions"]) == 1
        await until(lambda: running.channel().state == "idle")
        await until(lambda: running.channel().worker is None)
        assert not [child for child in {*children(os.getpid())} - before if is_alive(child)]
        described = await running.json("/api/channels/cam")
        assert (described["state"], described["renditions"]) == ("idle", [])
        async with running.told("/cam.mp4") as again:
            hello = (await again.frame()).json
            assert hello["state"] in ("connecting", "live")
            while (await again.frame()).opcode != BINARY:
                pass
            assert running.channel().state == "live"


@pytest.mark.usefixtures("quick")
async def test_a_channel_goes_idle_again_and_again_without_a_leak() -> None:
    async with serving(SMALL) as running:
        for _ in range(3):
            async with running.get("/cam.jpg") as answer:
                assert answer.status == 200
            await until(lambda: running.channel().state == "idle")
            await until(lambda: running.channel().worker is None)
        descriptors = count_descriptors()
        for _ in range(3):
            async with running.get("/cam.jpg") as answer:
                assert answer.status == 200
            await until(lambda: running.channel().worker is None)
        await until(lambda: count_descriptors() <= descriptors)


def count_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_close_ends_every_viewer_and_every_process() -> None:
    before = {task for task in asyncio.all_tasks() if not task.done()}
    async with serving(SMALL, "other=pattern:?size=160x120&fps=15") as running:
        await running.is_live()
        await running.is_live("other")
        workers = [running.channel(name).worker for name in ("cam", "other")]
        async with (
            running.told("/cam.mp4") as told,
            running.stream_socket("/cam.mjpg") as bare,
            running.stream("/other.mjpg") as plain,
            running.told("/cam.mjpg", receive_buffer=2048) as stalled,
        ):
            await until(lambda: any(is_stalled(each) for each in running.connections))
            read = asyncio.gather(*(read_to_close(each) for each in (told, bare)))
            end = asyncio.create_task(plain.rest())
            await running.server.close()
            assert await read == [1012, 1012]
            await end
            await stalled.rest()
        assert running.connections == set()
        assert running.watching == 0
        assert not any(is_alive(worker) for worker in workers if worker)
    await until(lambda: {task for task in asyncio.all_tasks() if not task.done()} <= before)


def is_stalled(connection: Any) -> bool:
    return connection.transport is not None and connection.transport.get_write_buffer_size() > 0


async def read_to_close(stream: Stream) -> int:
    while (frame := await stream.frame()).opcode != CLOSE:
        pass
    return frame.code


@contextlib.asynccontextmanager
async def draining(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Serving, Stream]]:
    """A server that has begun to end and is held there; and a connection from before."""
    async with serving(SMALL) as running:
        await running.is_live()
        reader, writer = await connect(running.port)
        writer.write(request("/readyz", running.port))
        kept = Stream(reader, writer, b"")
        assert b'"ready"' in await kept.until(b"}")
        hold, held = asyncio.Event(), asyncio.Event()
        close_hub = running.server.hub.close

        async def close_slowly() -> None:
            await close_hub()
            held.set()
            await hold.wait()

        monkeypatch.setattr(running.server.hub, "close", close_slowly)
        closing = asyncio.create_task(running.server.close())
        await held.wait()
        try:
            yield running, kept
        finally:
            hold.set()
            await closing
            writer.transport.abort()


async def test_while_it_stops_it_is_alive_but_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    async with draining(monkeypatch) as (running, kept):
        kept.writer.write(request("/readyz", running.port))
        answer = await kept.until(b"}")
        assert b" 503 " in answer
        assert b'"stopping"' in answer
        kept.writer.write(request("/healthz", running.port))
        assert b" 200 " in await kept.until(b"}")


@pytest.mark.parametrize("path", ["/cam.mjpg", "/cam.mp4", "/cam.jpg"])
async def test_while_it_stops_nobody_is_let_in(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    async with draining(monkeypatch) as (running, kept):
        kept.writer.write(request(path, running.port))
        answer = await kept.until(b"\r\n\r\n")
        assert b" 503 " in answer
        assert b"Retry-After" in answer
        with pytest.raises(ConnectionRefusedError):
            await connect(running.port)


async def test_a_port_in_use_is_said_with_another() -> None:
    async with serving(SMALL) as running:
        second = Server([parse_source(SMALL)], Settings(port=running.port))
        with pytest.raises(InputError, match=rf"port {running.port} is in use.*--port"):
            await second.start()
        await second.close()
        assert running.channel().state in ("connecting", "live"), "nothing else is disturbed"


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7", "..", "a" * 70])
async def test_an_address_that_is_not_ours_is_said(host: str) -> None:
    server = Server([parse_source(SMALL)], Settings(host, 0))
    with pytest.raises(InputError, match=r"^(--host|cannot listen on) "):
        await server.start()
    await server.close()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("localhost", "http://localhost:"),
        ("0.0.0.0", "http://127.0.0.1:"),
        ("", "http://127.0.0.1:"),
        ("::", "http://127.0.0.1:"),
    ],
)
async def test_its_address_can_be_opened_on_this_machine(host: str, url: str) -> None:
    async with serving(SMALL, host=host) as running:
        assert running.server.url.startswith(url)
        async with running.session.get(f"{running.server.url}/healthz") as answer:
            assert answer.status == 200


async def test_every_port_is_on_all_addresses() -> None:
    dialect = parse_dialect("mjpg_streamer@0")
    async with serving(SMALL, host="::", workers=2, dialects=[dialect], rtmp_port=0) as running:
        server = running.server
        for port in (server.port, server.dialects[0].port, server.rtmp_port):
            _, writer = await connect(port)
            writer.close()
        async with running.session.get(f"{server.url}/cam") as answer:
            assert answer.status == 200


async def test_a_film_that_is_none_is_a_failure_and_a_camera_that_is_off_is_not(
    tmp_path: Path,
) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a film\n" * 1000)
    async with serving(SMALL, f"film={text}") as running:
        error = await running.server.opening.failed()
        assert error.final
        assert str(text) in str(error)
        assert "not a media file" in str(error)
    async with serving(SMALL, "camera=http://127.0.0.1:9/live") as running:
        await running.server.opening.settled()
        assert running.channel("camera").state == "offline"
        assert not running.server.opening._failed.done()


async def test_a_film_of_a_file_that_is_none_leaves_the_others_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a film\n" * 1000)
    plan = tmp_path / "televise.toml"
    plan.write_text(f'port = 0\n[channels]\nfilm = "{text}"\ncam = "pattern:?size=160x120"\n')
    with televise("--config", str(plan), log=tmp_path / "log") as tv:
        await until(lambda: [line for line in tv.lines() if "not a media file" in line])
        async with told(tv.port, "/cam.mp4") as viewer:
            await viewer.gets(10)


async def test_what_a_network_brings_never_ends_the_server() -> None:
    """A camera that sends nonsense when it starts must not take other channels with it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + b"nonsense\n" * 10_000)
        await writer.drain()
        writer.close()

    camera = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with camera:
        port = camera.sockets[0].getsockname()[1]
        async with serving(SMALL, f"camera=http://127.0.0.1:{port}/live") as running:
            await until(lambda: running.channel("camera").state == "offline")
            await running.is_live()
            assert not running.server.opening._failed.done()


async def test_states_are_told_to_who_asks_and_to_nobody_else() -> None:
    async with serving(SMALL) as running:
        await running.is_live()
        async with running.told("/cam.mjpg") as told, running.stream_socket("/cam.mjpg") as bare:
            await told.frame()
            await bare.frame()
            running.channel()._set_state("stalled", "no picture for 3 s")
            while (frame := await told.frame()).opcode != TEXT or frame.json["type"] != "state":
                pass
            assert (frame.json["state"], frame.json["text"]) == ("stalled", "no picture for 3 s")
            assert {(await bare.frame()).opcode for _ in range(10)} == {BINARY}
