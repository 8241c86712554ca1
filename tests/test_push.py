"""``televise push`` as a user runs it, into hubs that come and go."""

import asyncio
import io
import signal
import subprocess
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from televise.errors import InputError
from televise.formats.websocket import BINARY
from televise.model.source import parse_source
from televise.push.target import Target, parse_target
from televise.server import Server
from televise.settings import Settings
from televise.testing import read_barcode
from televise.web.trust.certificate import Certificate
from televise.web.trust.keys import Grant, Keys
from tests.commands.test_arguments import command_lines
from tests.conftest import Needs
from tests.ingest.publishers import BLUE, GREY, RED, SIZE, Hub, publishable
from tests.sources.tls_server import make_certificate
from tests.support.process import COMMAND, LIMIT_SECONDS, environment, is_alive, run
from tests.support.waiting import until
from tests.support.wire import Stream

SOURCE = "pattern:?size=160x120&fps=15"


@contextmanager
def pushing(
    url: str, log: Path, *options: str, source: str = SOURCE, **more: str
) -> "Iterator[subprocess.Popen[bytes]]":
    """The command, until it is killed; what it tells goes to ``log``."""
    command = [*COMMAND, "push", source, url, *options]
    with log.open("wb") as told, subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=told, stderr=told, env=environment(**more)
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait(LIMIT_SECONDS)


def address(hub: Hub, name: str = "cam") -> str:
    return f"http://{hub.tv.authority}/{name}"


async def number(hub: Hub) -> int:
    """That of the newest picture."""
    return read_barcode(np.asarray((await hub.shown()).convert("L"), np.uint8)).number


async def test_a_source_here_is_a_channel_there(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with publishable(tmp_path) as hub:
        with pushing(address(hub), log, TELEVISE_TOKEN=hub.token()) as process:
            await hub.tv.is_live()
            tracks = await until(lambda: hub.tv.channel().tracks)
            assert [(each.codec, each.delivery) for each in tracks] == [("rawvideo", "transcode")]
            first = await number(hub)
            assert hub.tv.channel().publisher is not None
            numbers = {first}
            async with hub.tv.stream("/cam.mjpg") as stream:
                while len(numbers) < 3:
                    await stream.until(b"\xff\xd9\r\n")
                    numbers.add(await number(hub))
            process.send_signal(signal.SIGINT)
            assert await asyncio.to_thread(process.wait, LIMIT_SECONDS) == 0
        await until(lambda: hub.tv.channel().state == "offline")
    assert f"{SOURCE} to ws://{hub.tv.authority}/cam\n" in log.read_text()


async def test_viewers_stay_while_another_pusher_comes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with publishable(tmp_path) as hub, hub.tv.told("/cam.mp4") as stream:
        epochs = []
        for _ in range(2):
            with pushing(address(hub), log, TELEVISE_TOKEN=hub.token()):
                await hub.tv.is_live()
                [encoding] = hub.tv.channel().encodings
                await until(lambda each=encoding: each.epoch not in epochs and each.log.newest)  # type: ignore[misc]
                epochs.append(encoding.epoch)
                await read_pictures(stream)
            await until(lambda: hub.tv.channel().state == "offline")
            assert hub.tv.watching == 1
        assert len(set(epochs)) == 2


async def read_pictures(stream: Stream) -> None:
    """Some more come on this connection."""
    count = 0
    while count < 5:
        count += (await stream.frame()).opcode == BINARY


async def test_the_hub_may_be_started_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with publishable(tmp_path) as hub:
        with pushing(address(hub), log, TELEVISE_TOKEN=hub.token()) as process:
            await hub.tv.is_live()
            await hub.tv.server.close()
            await until(lambda: "not publishing" in log.read_text())
            settings = Settings(port=hub.tv.port, key_file=tmp_path / "key", rtmp_port=-1)
            again = Server([parse_source("cam=publish:")], settings)
            await again.start()
            try:
                await until(lambda: again.hub.channel("cam").state == "live")
            finally:
                await again.close()
            assert process.poll() is None


async def test_a_hub_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pushing("http://127.0.0.1:9/cam", log, "--token", "x" * 20) as process:
        await until(lambda: log.read_text().count("not publishing"))
        assert process.poll() is None
    assert "Traceback" not in log.read_text()


async def test_a_seat_that_is_taken_is_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with publishable(tmp_path) as hub:
        held = hub.tv.channel().publish("mpegts", "test")
        with pushing(address(hub), log, TELEVISE_TOKEN=hub.token()):
            await until(lambda: "somebody publishes cam already" in log.read_text())
            held.close()
            await hub.tv.is_live()


@pytest.mark.parametrize("wrong", ["nonsense" * 3, "other", ""])
async def test_a_wrong_key_is_told_in_one_line(tmp_path: Path, wrong: str) -> None:
    async with publishable(tmp_path) as hub:
        token = hub.token("other") if wrong == "other" else wrong
        options = ["--token", token] if token else []
        done = await asyncio.to_thread(
            run, "push", SOURCE, address(hub), *options, TELEVISE_TOKEN=""
        )
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if "event=" not in line]
    assert len(errors) == 1, done.stderr
    assert errors[0].startswith("televise: ")
    assert "key" in errors[0]
    assert not token or token not in done.stdout + done.stderr


async def test_a_channel_that_is_not_for_publishing_is_told(tmp_path: Path) -> None:
    async with publishable(tmp_path, f"cam={SOURCE}") as hub:
        done = await asyncio.to_thread(
            run, "push", SOURCE, address(hub), TELEVISE_TOKEN=hub.token()
        )
        assert done.returncode == 2
        assert done.stderr.endswith("cam is not for publishing: its source is " + SOURCE + "\n")
        status, text = await hub.send("/cam.ts", b"x")
        assert (status, text.partition(":")[0]) == (400, "cam is not for publishing")


async def test_that_it_publishes_is_told(tmp_path: Path, unused_tcp_port: int) -> None:
    """By the name that it has there, and again when it does so again."""
    log = tmp_path / "log"
    settings = Settings(port=unused_tcp_port, key_file=tmp_path / "key", rtmp_port=-1)
    token = Keys(tmp_path / "key").sign(Grant("cam", "publish"), 600)
    with pushing(f"http://127.0.0.1:{unused_tcp_port}/cam", log, TELEVISE_TOKEN=token):
        await until(lambda: "connection refused" in log.read_text())
        assert "event=publishing" not in log.read_text()
        for count in (1, 2):
            server = Server([parse_source("cam=publish:")], settings)
            await server.start()
            await until(lambda count=count: log.read_text().count("event=publishing") == count)  # type: ignore[misc]
            await server.close()
    assert f"to=ws://127.0.0.1:{unused_tcp_port}/cam" in log.read_text()
    assert "channel cam is" in log.read_text()
    assert "channel pattern is" not in log.read_text()


async def test_a_hub_that_speaks_tls(tmp_path: Path, needs: Needs) -> None:
    file, key = make_certificate(needs("openssl"), tmp_path)
    log, doubts = tmp_path / "log", tmp_path / "doubts"
    async with publishable(tmp_path, certificate=Certificate(file, key)) as hub:
        url = f"https://localhost:{hub.tv.port}/cam"
        with pushing(url, doubts, TELEVISE_TOKEN=hub.token()):
            await until(lambda: "its certificate is not to be trusted" in doubts.read_text())
        options = ("--upstream-ca", str(file), "--upstream-cert", str(file), "--upstream-key")
        with pushing(url, log, *options, str(key), TELEVISE_TOKEN=hub.token()):
            await until(lambda: hub.tv.channel().publisher is not None)


def test_certificates_that_will_not_do_are_told(tmp_path: Path) -> None:
    for options, complaint in (
        (["--upstream-ca", "nope.pem"], "--upstream-ca nope.pem: No such file or directory"),
        (["--upstream-key", "nope.pem"], "--upstream-key is for a certificate: add"),
    ):
        done = run("push", SOURCE, "https://127.0.0.1:9/cam", *options, TELEVISE_TOKEN="x")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert complaint in done.stderr


async def test_a_channel_that_is_not_there_is_told(tmp_path: Path) -> None:
    async with publishable(tmp_path) as hub:
        done = await asyncio.to_thread(
            run, "push", SOURCE, address(hub, "attic"), TELEVISE_TOKEN=hub.token("*")
        )
    assert done.returncode == 2
    assert "/attic: no channel 'attic'\n" in done.stderr


def test_a_source_that_will_never_do_is_told(tmp_path: Path) -> None:
    missing = tmp_path / "missing.mp4"
    done = run("push", str(missing), "http://127.0.0.1:9/cam", TELEVISE_TOKEN="x")
    assert done.returncode == 2
    assert f"{missing}: there is no such file" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("source", ["publish:", "frames:", "dir:/tmp/*"])
def test_what_others_fill_cannot_be_pushed(source: str) -> None:
    done = run("push", source, "http://127.0.0.1:9/cam", TELEVISE_TOKEN="x")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot be pushed" in done.stderr


async def test_its_key_is_in_no_command_line(tmp_path: Path) -> None:
    secret = "s3cr3t-key-of-somebody"
    hub = "http://127.0.0.1:9/cam"
    source = "rtsp://admin:pa55word@127.0.0.1:9/live"
    for url, options in (
        (hub, ["--token", secret]),
        (hub, [f"--token={secret}"]),
        (f"{hub}?token={secret}", []),
        (f"{hub}?token={secret}&x=1", []),
    ):
        log = tmp_path / "log"
        with pushing(url, log, *options, source=source) as process:
            await until(lambda path=log: "not publishing" in path.read_text())  # type: ignore[misc]
            seen = command_lines()
            assert is_alive(process.pid)
        assert hub in seen
        assert secret not in seen
        assert "pa55word" not in seen
        assert secret not in log.read_text()


@pytest.mark.parametrize(
    ("text", "hub", "take_over"),
    [
        ("http://hub:8080/cam", "ws://hub:8080", False),
        ("https://hub/cam", "wss://hub", False),
        ("ws://hub/below/cam.mp4", "ws://hub/below", False),
        ("http://[::1]:80/cam?takeover=1", "ws://[::1]:80", True),
    ],
)
def test_targets(text: str, hub: str, take_over: bool) -> None:
    target = parse_target(text, "key")
    assert target == Target(hub, "cam", "key", take_over)
    more = "&takeover=1" if take_over else ""
    assert target.url("me") == f"{hub}/api/link/cam/publish?node=me{more}"


def test_the_key_in_the_address_counts() -> None:
    assert parse_target("http://hub/cam?token=there", "here").token == "there"


@pytest.mark.parametrize(
    "text",
    ["", "cam", "http://", "http:///cam", "ftp://hub/cam", "http://hub:x/cam", "http://hub:99999/cam",
     "http://hub", "http://hub/no name", "http://[::1/cam", "http://hub/api",
     "http://hub/cam?takeover=2", "http://127.0.0.1:8080/"],
)  # fmt: skip
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(InputError):
        parse_target(text, "key")


def test_a_target_is_shown_without_its_key() -> None:
    target = parse_target("http://hub/cam?token=secret", "")
    assert "secret" not in target.shown
    assert target.shown == "ws://hub/cam"


async def test_standard_input_arrives_to_its_last_picture(tmp_path: Path) -> None:
    """The hub comes later than the first bytes; the end of all is no failure."""
    pictures = [jpeg(colour) for colour in (GREY, BLUE, RED)]
    async with publishable(tmp_path) as hub, hub.tv.stream("/cam.mjpg") as stream:
        command = [*COMMAND, "push", "-", address(hub), "--token", hub.token()]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, env=environment()
        )
        assert process.stdin is not None
        try:
            process.stdin.write(pictures[0])
            await stream.until(pictures[0])
            process.stdin.write(pictures[1] + pictures[2])
            process.stdin.close()
            assert await process.wait() == 0
            await stream.until(pictures[2])
        finally:
            if process.returncode is None:
                process.kill()


def jpeg(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", SIZE, colour).save(file, "jpeg")
    return file.getvalue()
