"""Where a bus is, who may use it, and what is said where it cannot be used."""

import asyncio
import re
import subprocess
from pathlib import Path

import pytest

from televise import events
from televise.errors import InputError, PeerError, Unavailable
from televise.hub.nats.connection import NatsConnection, parse_nats
from tests.conftest import Needs
from tests.sources.tls_server import make_certificate
from tests.support.nats import PASSWORD, NatsServer, nats_server
from tests.support.process import run, televise
from tests.support.waiting import until, wait_until

DEBIAN = "/usr/sbin/nats-server"
SAID = (
    subprocess.run([DEBIAN, "--version"], capture_output=True, text=True, check=True).stdout
    if Path(DEBIAN).exists()
    else ""
)
OLD = "".join(re.findall(r"v(2\.(?:[0-9]|10))\.", SAID))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nats://bus.example", "nats://bus.example"),
        ("nats://bus.example:4222", "nats://bus.example:4222"),
        ("tls://bus.example:4222", "tls://bus.example:4222"),
        ("nats://u:s3cr3t@[::1]:4222", "nats://[::1]:4222"),
        ("nats://s3cr3t@a:1,nats://s3cr3t@b:2", "nats://a:1,nats://b:2"),
    ],
)
def test_what_is_shown_of_it(text: str, shown: str) -> None:
    address = parse_nats(text)
    assert (address.text, address.shown) == (text, shown)
    assert "s3cr3t" not in repr(address)


@pytest.mark.parametrize(
    "text",
    [
        *("bus.example", "http://s3cr3t@bus.example", "nats://", "nats://:s3cr3t@", "nats://b:x"),
        *("nats://b:0", "nats://b:99999", "nats://b/s3cr3t", "nats://b?s3cr3t", "nats://a,,"),
        "nats://[s3cr3t",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InputError, match="write it as in nats:") as caught:
        parse_nats(text)
    assert "s3cr3t" not in str(caught.value)


def test_a_wrong_address_is_told_in_one_line() -> None:
    done = run("serve", "--bus", "nats:bus.example")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--bus" in done.stderr


def test_no_password_is_seen_anywhere(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as bus:
        log = tmp_path / "log"
        with televise("a=pattern:?fps=1", "--bus", bus.url, log=log) as hub:
            wait_until(lambda: any("bus found" in line for line in hub.lines()))
            bus.kill()
            wait_until(lambda: any("no bus" in line for line in hub.lines()))
            seen = Path(f"/proc/{hub.process.pid}/cmdline").read_text()
        assert f"nats://127.0.0.1:{bus.port}" in seen
        assert f"nats://127.0.0.1:{bus.port}" in log.read_text()
        assert PASSWORD not in seen + log.read_text() + "".join(hub.greeting)


async def connect(server: NatsServer, password: str = PASSWORD) -> str:
    """Why it did not work, or ''."""
    address = parse_nats(server.url.replace(PASSWORD, password))
    try:
        async with NatsConnection.open(address, "me") as connection:
            assert not connection.lost.done()
            return ""
    except Unavailable as error:
        return str(error)


async def test_who_may_not_come_in_is_told(tmp_path: Path) -> None:
    with nats_server(tmp_path) as bus:
        assert await connect(bus) == ""
        assert "uthorization" in await connect(bus, "wrong")
    assert "Connect call failed" in await connect(bus)


async def test_certificates_are_checked(
    tmp_path: Path, needs: Needs, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make_certificate(needs("openssl"), tmp_path)
    config = tmp_path / "tls.conf"
    config.write_text(
        f"tls {{ cert_file: '{certificate}', key_file: '{key}' }}\n"
        f"authorization {{ user: hub, password: '{PASSWORD}' }}\n"
    )
    with nats_server(tmp_path / "nats", config=config, scheme="tls", host="localhost") as bus:
        assert "certificate verify failed" in await connect(bus)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert await connect(bus) == ""


async def test_without_tls_no_password_is_told() -> None:
    """Somebody on the way says that the server wants none."""
    said = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal said
        writer.write(b'INFO {"auth_required":true,"max_payload":1048576}\r\n')
        said = await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for who in (f"hub:{PASSWORD}@", f"{PASSWORD}@"):
            with pytest.raises(Unavailable, match="offers no TLS"):
                async with NatsConnection.open(parse_nats(f"tls://{who}127.0.0.1:{port}"), "me"):
                    pass
    assert said == b""


def test_credentials() -> None:
    def told(text: str) -> dict[str, str]:
        return parse_nats(text).credentials

    assert told("nats://a") == {}
    assert told("nats://t%40ken@a,nats://b") == {"token": "t@ken"}
    assert told("nats://me:p%2Fw@a") == {"user": "me", "password": "p/w"}


async def test_a_server_that_takes_only_small_messages(tmp_path: Path) -> None:
    config = tmp_path / "small.conf"
    config.write_text("max_payload: 64KB\n")
    with nats_server(tmp_path / "nats", config=config, user="") as bus:
        assert "set max_payload to 1MB" in await connect(bus)


@pytest.mark.skipif(not OLD, reason="Debian's nats-server is not installed, or new enough")
async def test_a_server_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(events, "warning", lambda text, **_: told.append(text))
    config = tmp_path / "old.conf"
    config.write_text("max_payload: 1MB\n")
    with nats_server(tmp_path / "nats", config=config, program=DEBIAN, user="") as bus:
        assert await connect(bus) == ""
    assert f"NATS server {OLD} is too old" in told


async def test_publishing_ends_with_the_connection(tmp_path: Path) -> None:
    with nats_server(tmp_path) as bus:
        async with NatsConnection.open(parse_nats(bus.url), "me") as connection:
            bus.kill()
            await until(connection.lost.done)
            with pytest.raises(PeerError, match="closed"):
                await connection.publish("televise.v1.node.~.x", b"")
