"""The server as a process: what it prints, how it ends, and what it leaves behind."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest

import televise as package
from televise.testing import watching
from televise.web.trust.keys import Grant, Keys
from tests.support.process import COMMAND, Running, environment, is_alive, televise
from tests.support.waiting import until, wait_until
from tests.support.wire import CLOSE, Stream, connect, exchange, request

SMALL = "cam=pattern:?size=160x120&fps=15"
FULL = "cam=pattern:?size=640x480&fps=30"
# The promise is three seconds; a busy machine may need more, a hang would need for ever.
END_SECONDS = 10.0
LINE = re.compile(r"timestamp=\d\d:\d\d:\d\d level=\w+ event=")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def running(log: Path) -> Iterator[Running]:
    with televise(SMALL, log=log) as server:
        yield server


def test_the_first_lines_say_what_where_and_how_to_stop(log: Path) -> None:
    camera = "door=rtsp://root:s3cr3t@127.0.0.1:9/live?key=s3cr3t"
    with televise(SMALL, camera, log=log) as server:
        assert server.greeting == [
            f"televise {package.__version__}\n",
            f"  cam: http://127.0.0.1:{server.port}/cam  ({SMALL.removeprefix('cam=')})\n",
            f"  door: http://127.0.0.1:{server.port}/door  (rtsp://***@127.0.0.1:9/live?***)\n",
            "Ctrl+C to stop.\n",
        ]


def test_a_name_that_is_no_utf_8_is_shown(
    log: Path, tmp_path: Path, clip: Callable[[str], Path]
) -> None:
    odd = tmp_path / "odd\udcff\n.mp4"
    odd.symlink_to(clip("carphone_pristine.mp4"))
    with televise(f"cam={odd}", log=log, PYTHONIOENCODING="utf-8:strict") as server:
        assert rf"({tmp_path}/odd\udcff\n.mp4)" in server.greeting[1]
        wait_until(lambda: "channel cam is live" in log.read_text())
        for path in ("/", "/cam", "/api/channels", "/api/channels/cam", "/metrics"):
            assert fetch(server.port, path).startswith("HTTP/1.1 200 ")
        assert server.end() == 0


def test_without_a_source_it_is_a_demo(log: Path) -> None:
    with televise(log=log) as server:
        assert server.greeting[1].startswith("  demo: http://127.0.0.1:")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_code_0(running: Running, number: int) -> None:
    (worker,) = wait_until(lambda: running.workers)
    began = time.monotonic()
    assert running.end(number) == 0
    assert time.monotonic() - began < END_SECONDS
    assert not is_alive(worker)


@contextlib.asynccontextmanager
async def crowd(port: int) -> AsyncIterator[tuple[Stream, Stream, list[Stream]]]:
    """A WebSocket, an HTTP viewer, and some that have stopped to read or never asked for much."""
    async with contextlib.AsyncExitStack() as stack:

        async def join(path: str, **keywords: object) -> Stream:
            opened = Stream.open(port, path, **keywords)  # type: ignore[arg-type]
            return await stack.enter_async_context(opened)

        told = await join("/cam.mp4", websocket=True)
        plain = await join("/cam.mjpg")
        stalled = [
            await join(path, websocket=websocket, receive_buffer=2048)
            for path in ("/cam.mjpg", "/cam.mp4")
            for websocket in (True, False)
        ]
        for _ in range(3):
            _, silent = await connect(port)
            stack.callback(hang_up, silent)
            _, slow = await connect(port)
            stack.callback(hang_up, slow)
            slow.write(b"GET / HTTP/1.1\r\nX-Slow: ")
        yield told, plain, stalled


def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def close_code(stream: Stream) -> int:
    while (frame := await stream.frame()).opcode != CLOSE:
        pass
    return frame.code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_end_is_quick_and_clean_whoever_is_watching(log: Path, number: int) -> None:
    with televise(FULL, log=log) as server:
        async with crowd(server.port) as (told, plain, stalled):
            reading = asyncio.create_task(close_code(told))
            draining = asyncio.create_task(plain.rest())
            await until(lambda: unsent(server.port) >= len(stalled))
            workers = server.workers
            began = time.monotonic()
            server.process.send_signal(number)
            assert await asyncio.to_thread(server.process.wait, END_SECONDS) == 0
            assert time.monotonic() - began < END_SECONDS
            assert await reading == 1012
            await draining
            assert workers
            assert not any(is_alive(worker) for worker in workers)
        assert_is_calm(server)


def unsent(port: int) -> int:
    """Connections of this server to which the kernel holds data back: they are stalled."""
    count = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, queues = line.split()[:5]
        waiting = int(queues.partition(":")[0], 16)
        count += local.endswith(f":{port:04X}") and state == "01" and waiting > 4096
    return count


def assert_is_calm(server: Running) -> None:
    """One line per event, and no line of a kind that tells of a bug."""
    lines = server.lines()
    assert all(LINE.match(line) for line in lines), lines
    assert not [line for line in lines if "Traceback" in line or "level=error" in line], lines
    assert not [line for line in lines if "aiohttp" in line or "asyncio" in line], lines


def test_the_second_signal_ends_it_at_once(log: Path) -> None:
    with televise(SMALL, log=log) as server:
        (worker,) = wait_until(lambda: server.workers)
        # Both wait for it when it goes on: the second comes while the first is being obeyed.
        server.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: is_stopped(server.process.pid))
        server.process.send_signal(signal.SIGINT)
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGCONT)
        assert server.process.wait(END_SECONDS) == 1
        wait_until(lambda: not is_alive(worker))


def test_no_orphan_is_left_when_the_hub_is_killed(running: Running) -> None:
    (worker,) = wait_until(lambda: running.workers)
    running.process.kill()
    assert running.process.wait(END_SECONDS) == -signal.SIGKILL
    wait_until(lambda: not is_alive(worker))


async def test_no_orphan_is_left_when_a_hub_hangs_and_is_killed(log: Path) -> None:
    """Its worker is sending then, and nobody reads."""
    with televise(FULL, log=log) as server:
        async with Stream.open(server.port, "/cam.mp4") as stream:
            await stream.box()
            (worker,) = server.workers
            server.process.send_signal(signal.SIGSTOP)
            await until(lambda: is_stopped(server.process.pid))
            server.process.kill()
        await until(lambda: not is_alive(worker))


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def test_the_log_is_one_line_per_event(log: Path) -> None:
    with televise(SMALL, log=log) as server:
        for path in ("/cam.mjpg", "/cam%0a%0dlevel=error.mp4", "/cam.mp4?w=%0a", "/nobody"):
            async with Stream.open(server.port, path) as stream:
                assert stream.status in (200, 400, 404)
        async with Stream.open(
            server.port, "/cam.mjpg", {"Sec-WebSocket-Protocol": "x, y"}, websocket=True
        ) as stream:
            await stream.frame()
        await until(lambda: "viewer left" in log.read_text())
        await asyncio.to_thread(server.end)
        assert all(LINE.match(line) for line in server.lines())
        assert not [line for line in server.lines() if "Traceback" in line]
        assert any("viewer joined" in line for line in server.lines())


async def test_strangers_cannot_flood_the_log(log: Path) -> None:
    """What they send wrong, differently each time, is one warning with a count."""
    with televise(SMALL, log=log) as server:
        await until(lambda: "live" in log.read_text())
        for number in range(50):
            asked = {"Sec-WebSocket-Protocol": f"mine-{number}"}
            async with Stream.open(server.port, "/cam.mjpg", asked, websocket=True) as stream:
                assert stream.status == 101
            _, writer = await connect(server.port)
            writer.write(b"NONSENSE %d\r\n\r\n" % number)
            writer.close()
            for path in (f"/no-{number}.mp4", f"/cam.mp4?w=no-{number}"):
                async with Stream.open(server.port, path) as stream:
                    assert stream.status in (400, 404)
        await asyncio.to_thread(server.end)
        warnings = [line for line in server.lines() if "level=info" not in line]
        assert len(warnings) <= 4, warnings
        assert not [line for line in server.lines() if "Traceback" in line]


def test_no_secret_is_told_anywhere(log: Path) -> None:
    """Not by the log, the greeting, the API, the pages or the command lines of workers."""
    camera = "door=http://root:s3cr3t@127.0.0.1:9/live.ts?key=s3cr3t"
    with televise(camera, log=log, TELEVISE_SECRET="s3cr3t") as server:
        wait_until(lambda: "offline" in log.read_text())
        told = "".join(server.greeting)
        for path in ("/", "/door", "/api/channels", "/metrics", "/door.jpg"):
            told += fetch(server.port, path)
        for worker in server.workers:
            for name in ("cmdline", "environ"):
                told += Path(f"/proc/{worker}/{name}").read_text()
        assert server.end() == 0
        told += log.read_text()
    assert "127.0.0.1:9" in told
    assert "s3cr3t" not in told


def test_no_key_is_told_anywhere(log: Path, tmp_path: Path) -> None:
    """Good ones and bad ones, wherever a key may stand."""
    path = tmp_path / "key"
    keys = Keys(path)
    good = keys.sign(Grant("*", "view"), 600)
    publisher = keys.sign(Grant("in", "publish"), 600)
    bad = f"{good[:-4]}AAAA"
    options = [SMALL, "in=publish:", "--private", "--key-file", str(path)]
    with televise(*options, log=log) as server:
        told = ""
        for token in (good, publisher, bad):
            for name in ("", "cam", "cam.jpg", "metrics", "in/publish", "api/topology", "nobody"):
                told += fetch(server.port, f"/{name}?token={token}")
            told += fetch(server.port, "/cam.jpg", {"Authorization": f"Bearer {token}"})
            told += fetch(server.port, f"/in.ts?token={token}", method="POST")
        cookies = [line for line in told.splitlines() if line.startswith("Set-Cookie")]
        assert server.end() == 0
        told += log.read_text() + "".join(server.greeting)
    secrets = [token.rpartition(".")[2] for token in (good, publisher, bad)]
    assert cookies, "those have keys of their own"
    assert [secret for secret in (*secrets, path.read_text().strip()) if secret in told] == []


def fetch(
    port: int, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
) -> str:
    """The whole answer to one request."""
    asked = request(path, port, {"Connection": "close", **(headers or {})})
    return asyncio.run(exchange(port, asked.replace(b"GET", method.encode(), 1))).decode("latin-1")


def test_standard_input_is_played(clip: Callable[[str], Path], log: Path) -> None:
    """The film ends, its viewers and the server stay."""
    command = [*COMMAND, "serve", "--port", "0", "cam=-"]
    with (
        clip("carphone_pristine.mp4").open("rb") as film,
        log.open("w") as errors,
        subprocess.Popen(
            command, stdin=film, stdout=subprocess.PIPE, stderr=errors, env=environment()
        ) as process,
    ):
        try:
            wait_until(lambda: "channel cam is live" in log.read_text())
            wait_until(lambda: "channel cam is offline" in log.read_text())
            assert "standard input has ended" in log.read_text()
            assert process.poll() is None
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(END_SECONDS) == 0


def test_standard_input_that_is_no_film_is_a_mistake() -> None:
    ended = subprocess.run(
        [*COMMAND, "serve", "--port", "0", "-"],
        input=b"These are only words.\n" * 1000,
        capture_output=True,
        timeout=60,
        check=False,
        env=environment(),
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith(b"televise: standard input: not a media file")
    assert ended.stderr.count(b"\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="there are no descriptors to run out of")
async def test_when_descriptors_run_out_viewers_stay_and_others_wait(log: Path) -> None:
    limit = ["prlimit", "--nofile=80:80"]
    with televise(FULL, log=log, before=limit) as server:
        async with watching(f"ws://127.0.0.1:{server.port}/cam.mp4") as viewer:
            await viewer.takes(5)
            many = [await connect(server.port) for _ in range(100)]
            try:
                assert not await is_answered(server.port), "descriptors have run out"
                (worker,) = server.workers
                os.kill(worker, signal.SIGKILL)
                await until(lambda: [each for each in server.workers if each != worker])
                await until(lambda: viewer.account.epochs > 1)
            finally:
                for _, writer in many:
                    writer.transport.abort()
            async with Stream.open(server.port, "/healthz") as again:
                assert again.status == 200
            await viewer.takes(5)
            account = await viewer.settled()
        assert account.complete, f"it lost something, before or after the worker died: {account}"
        await asyncio.to_thread(server.end)
        refused = [line for line in server.lines() if "as many connections as allowed" in line]
        assert 1 <= len(refused) <= 3
        assert len(server.lines()) < 30
        assert not [line for line in server.lines() if "Traceback" in line]


async def is_answered(port: int) -> bool:
    reader, writer = await connect(port)
    try:
        writer.write(request("/cam", port))
        async with asyncio.timeout(1.0):
            line = await reader.readuntil(b"\r\n")
    except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.transport.abort()
    return b" 200 " in line
