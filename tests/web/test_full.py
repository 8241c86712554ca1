"""A server that is attacked by number and size: clear refusals, and who watches notices nothing."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from televise.ingest import http
from televise.model import refusals
from televise.testing import slowloris
from televise.web import control
from televise.web.connections import connection as connection_module
from televise.web.connections import listener as listener_module
from televise.web.connections import ports
from televise.web.connections.places import SPARE_PER_ADDRESS
from televise.web.trust.keys import Grant, Keys
from tests.support.process import televise
from tests.support.server import SMALL, Serving, serving
from tests.support.told import unharmed
from tests.support.waiting import until
from tests.support.wire import BINARY, LIMIT_SECONDS, Stream, connect, exchange, request

CAM = f"cam={SMALL}"


@contextlib.asynccontextmanager
async def other_address(port: int, source: str = "127.0.0.2") -> AsyncIterator[Stream]:
    """A connection from another address of this machine, on which nothing was said yet."""
    plain = socket.socket()
    plain.setblocking(False)
    plain.bind((source, 0))
    await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=plain)
    try:
        yield Stream(reader, writer, b"")
    finally:
        writer.transport.abort()


async def status(running: Serving, path: str) -> int:
    async with Stream.open(running.port, path) as stream:
        return stream.status


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "key"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live(key_file: Path) -> AsyncIterator[Serving]:
    async with serving(CAM, "live=publish:", key_file=key_file, rtmp_port=-1) as running:
        await running.is_live()
        yield running


async def sees(viewer: Stream, count: int = 5) -> None:
    """Pictures go on."""
    for _ in range(count):
        assert (await viewer.frame()).opcode == BINARY


async def joins(port: int) -> int:
    """The status with which a new viewer is answered."""
    async with Stream.open(port, "/cam.mjpg", websocket=True) as stream:
        return stream.status


# T12


async def test_requests_that_never_end_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "REQUEST_SECONDS", 1.0)
    async with (
        serving() as running,
        unharmed(running.port) as viewer,
        slowloris(running.port, 40) as ended,
    ):
        await until(lambda: len(running.connections) > 40)
        await viewer.gets(5)
        assert await status(running, "/healthz") == 200
        async with asyncio.timeout(LIMIT_SECONDS):
            await asyncio.gather(*(each.wait() for each in ended))
        await until(lambda: len(running.connections) == 1)


# T13


async def test_one_address_does_not_take_all_connections() -> None:
    before = refusals.counts["connections_per_address"]
    async with (
        serving(max_connections_per_address=12) as running,
        unharmed(running.port) as viewer,
        contextlib.AsyncExitStack() as stack,
    ):
        flood = [await stack.enter_async_context(other_address(running.port)) for _ in range(100)]
        await until(lambda: refusals.counts["connections_per_address"] == before + 88)
        assert len(running.connections) == 13 + SPARE_PER_ADDRESS
        answered = [await stream.rest() for stream in flood[12:-SPARE_PER_ADDRESS]]
        assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answered)
        assert all(b"\r\nRetry-After: 5\r\n" in answer for answer in answered)
        for _ in range(10):
            await stack.enter_async_context(running.stream_socket("/cam.mjpg"))
        await viewer.gets(5)
        # The operator is answered from there too, and nobody else.
        spare = flood[-3:]
        for stream, path in zip(spare, ("/healthz", "/cam.mjpg", "/api/wall"), strict=True):
            stream.writer.write(request(path, running.port))
        answers = [await stream.rest() for stream in spare]
        assert [int(answer.split()[1]) for answer in answers] == [200, 503, 503]


async def test_what_is_left_is_for_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "_most_connections", lambda others: 3)
    async with serving(max_connections_per_address=10) as running:
        await running.is_live()
        async with contextlib.AsyncExitStack() as inside:
            for _ in range(3):
                await inside.enter_async_context(unharmed(running.port))
            for path in ("/healthz", "/readyz", "/api/channels"):
                assert await status(running, path) == 200
            async with Stream.open(running.port, "/metrics") as stream:
                told = (await stream.rest()).decode()
            assert 'televise_limit{limit="connections"} 3.0' in told
            assert 'televise_limit_used{limit="viewers"} 3.0' in told
            for path in ("/cam.mjpg", "/", "/api/wall"):
                async with Stream.open(running.port, path) as stream:
                    assert (stream.status, stream.headers["retry-after"]) == (503, "5")
                    assert stream.headers["connection"] == "close"
        await until(lambda: not running.connections)
        assert await status(running, "/") == 200


async def test_a_spare_connection_ends_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "SPARE_SECONDS", 0.2)
    async with (
        serving(max_connections_per_address=1) as running,
        unharmed(running.port),
    ):
        reader, writer = await connect(running.port)
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(LIMIT_SECONDS):
                assert await reader.read() == b""
        writer.close()


# T10


HUGE, ENDLESS = (
    b"\x82\xff" + (1 << 63).to_bytes(8, "big"),
    b"\x82\xff" + (1 << 40).to_bytes(8, "big"),
)
# Text "x" without a mask; the same behind a good frame, in the same packet and in two.
UNMASKED = b"\x81\x01x"
GOOD = b"\x81\x82\0\0\0\0{}"


@pytest.mark.parametrize(
    ("pieces", "codes"),
    [
        pytest.param([HUGE], (1009, 1002), id="2^63"),
        pytest.param([ENDLESS], (1009,), id="2^40"),
        pytest.param([b"\x82\xfe\xff\xff" + b"mask" + bytes(9000)], (1009,), id="65535"),
        pytest.param([UNMASKED], (1002,), id="unmasked"),
        pytest.param([b"\x82\xfe\x00", b"\x80mask" + bytes(128) + UNMASKED], (1002,), id="behind"),
        pytest.param([b"\x81", b"\x01x"], (1002,), id="split"),
    ],
)
async def test_frames_that_lie(live: Serving, pieces: list[bytes], codes: tuple[int, ...]) -> None:
    async with unharmed(live.port), live.stream_socket("/cam.mjpg") as liar:
        for piece in pieces[:-1]:
            liar.writer.write(piece)
            await sees(liar)  # it has come by then
        liar.writer.write(pieces[-1])
        while (frame := await liar.frame()).opcode == BINARY:
            pass
        assert frame.code in codes


@pytest.mark.parametrize("path", ["/live.mjpg", "/api/link/live/publish"])
async def test_a_publisher_that_does_not_mask_is_sent_away(
    live: Serving, key_file: Path, path: str
) -> None:
    token = Keys(key_file).sign(Grant("live", "publish"), 60)
    async with Stream.open(live.port, f"{path}?token={token}", websocket=True) as publisher:
        publisher.writer.write(UNMASKED)
        while (frame := await publisher.frame()).opcode != 8:
            pass
        assert frame.code == 1002


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param({f"X-{number}": "x" * 600 for number in range(30)}, b"431", id="long"),
        pytest.param({"X-Long": "x" * 9000}, b"400", id="long line"),
        pytest.param({f"X-{number}": "x" for number in range(80)}, b"400", id="many lines"),
    ],
)
async def test_headers_have_a_limit(live: Serving, headers: dict[str, str], code: bytes) -> None:
    asked = request("/healthz", live.port, {**headers, "Connection": "close"})
    assert (await exchange(live.port, asked)).split()[1] == code


BODIES = [
    pytest.param("/api/channels/new", "PUT", "admin", "application/json", id="JSON"),
    pytest.param("/live.jpg", "POST", "publish", "image/jpeg", id="picture"),
]


@pytest.mark.parametrize(("path", "method", "can", "kind"), BODIES)
async def test_bodies_have_an_end_and_come_in_time(
    live: Serving,
    key_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    method: str,
    can: str,
    kind: str,
) -> None:
    token = Keys(key_file).sign(Grant("*", can), 60)
    fields = {"Authorization": f"Bearer {token}", "Content-Type": kind, "Connection": "close"}
    fields["Transfer-Encoding"] = "chunked"
    chunk = b"8000\r\n" + bytes(0x8000) + b"\r\n"
    assert await sends(live.port, request(path, live.port, fields, method), [chunk] * 300) == 413
    monkeypatch.setattr(control, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(http, "PICTURE_SECONDS", 0.2)
    assert await sends(live.port, request(path, live.port, fields, method), [b"1\r\n{\r\n"]) == 408


async def sends(port: int, head: bytes, pieces: list[bytes]) -> int:
    """The status that is answered to a request that has no end."""
    reader, writer = await connect(port)
    try:
        writer.write(head)
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
        async with asyncio.timeout(LIMIT_SECONDS):
            return int((await reader.readline()).split()[1])
    finally:
        writer.transport.abort()


# What waits for viewers


async def test_what_waits_for_viewers_has_a_limit(live: Serving) -> None:
    async with live.stream_socket("/cam.mjpg") as viewer:
        await sees(viewer, 10)
        buffers, before = live.server._limits._buffers, refusals.counts["megabytes"]
        kept = buffers.bytes
        assert kept > 10_000
        buffers.look()
        assert (buffers.bytes > 0, refusals.counts["megabytes"]) == (True, before)
        buffers.set_limit(0)
        buffers.look()
        assert refusals.counts["megabytes"] > before
        assert sum(each.bytes for each in live.channel().encodings) == 0
        buffers.set_limit(512)
        await sees(viewer, 10)


async def test_who_takes_nothing_for_longest_goes_first() -> None:
    async with (
        serving("cam=pattern:?size=1280x720&fps=15") as running,
        running.stream_socket("/cam.mjpg?q=95") as viewer,
        running.stream_socket("/cam.mjpg?q=95", receive_buffer=4096),
    ):
        await sees(viewer)
        stalled = await until(
            lambda: [each for each in running.connections if each.unsent > 10_000]
        )
        running.server.ports.backlog.most = 1000
        running.server._limits.look()
        await until(lambda: stalled[0] not in running.connections)
        await sees(viewer)


async def test_an_answer_that_nobody_takes_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "TAKEN_SECONDS", 0.0)
    before = refusals.counts["slow_reading"]
    async with serving("cam=pattern:?size=1920x1080&fps=15") as running:
        await running.is_live()
        async with Stream.open(running.port, "/cam.jpg?q=100", receive_buffer=4096) as stream:
            assert stream.status == 200
            size = int(stream.headers["content-length"])
            await until(lambda: refusals.counts["slow_reading"] > before)
            assert len(await stream.rest()) < size


# Descriptors and the log (T22)


async def test_descriptors_that_run_out(tmp_path: Path) -> None:
    """A process that may have a hundred is asked for twice as many connections."""
    limited = ("prlimit", "--nofile=100:100")
    with televise(CAM, before=limited, log=tmp_path / "log") as server:
        port = server.port
        async with contextlib.AsyncExitStack() as stack:
            viewer = await stack.enter_async_context(unharmed(port))
            flood = contextlib.AsyncExitStack()
            async with flood:
                streams = [
                    await flood.enter_async_context(other_address(port, f"127.0.0.{2 + n % 20}"))
                    for n in range(200)
                ]
                refused = await streams[100].rest()
                assert refused.startswith(b"HTTP/1.1 503 "), "the flood has taken all places"
                await viewer.gets(20)
                async with Stream.open(port, "/healthz") as operator:
                    assert operator.status == 200
            async with asyncio.timeout(LIMIT_SECONDS):
                while await joins(port) != 101:
                    await viewer.gets(1)
        assert server.end() == 0
        assert len(server.lines()) < 30, "the log is no second flood"
