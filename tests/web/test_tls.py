"""TLS on every port: pages, sockets and links; certificates that change; hubs that show theirs."""

import asyncio
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from televise.errors import InputError
from televise.hub.relays.upstream import Upstream
from televise.web.trust.certificate import Certificate, client_context
from televise.web.trust.keys import Grant, Keys
from tests.conftest import Needs
from tests.hub.hubs import has, hub
from tests.support.server import SMALL, Serving, serving
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"


class Authority:
    """Signs certificates."""

    def __init__(self, openssl: str, folder: Path) -> None:
        self._openssl, self._folder = openssl, folder
        self.file = self.sign_itself("authority")

    def sign_itself(self, name: str) -> Path:
        self._run("req", "-x509", *self._key(name), "-subj", f"/CN={name}", "-days", "2")
        return self._folder / f"{name}.pem"

    def sign(self, name: str) -> Path:
        self._run("req", "-x509", *self._key(name), "-subj", "/CN=localhost", "-addext", NAMES,
                  "-days", "2", "-CA", "authority.pem", "-CAkey", "authority.key",
                  "-addext", "basicConstraints=critical,CA:FALSE")  # fmt: skip
        return self._folder / f"{name}.pem"

    def _key(self, name: str) -> list[str]:
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        return [*curve, "-keyout", f"{name}.key", "-out", f"{name}.pem"]

    def _run(self, *arguments: str) -> None:
        subprocess.run(
            [self._openssl, *arguments], check=True, capture_output=True, cwd=self._folder
        )


def key_of(certificate: Path) -> Path:
    return certificate.with_suffix(".key")


@dataclass
class Secure:
    """A hub behind TLS that wants keys, and a client that believes it."""

    running: Serving
    session: aiohttp.ClientSession
    authority: Authority
    certificate: Path
    keys: Keys

    @property
    def url(self) -> str:
        return f"https://localhost:{self.running.port}"

    def token(self, can: str = "view") -> str:
        return self.keys.sign(Grant("*", can), 600)

    def serial(self) -> str:
        """Of the certificate that a new client is shown."""
        context = client_context(self.authority.file, None, None)
        address = ("127.0.0.1", self.running.port)
        with (
            socket.create_connection(address) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as wrapped,
        ):
            shown = wrapped.getpeercert()
        assert shown is not None
        return str(shown["serialNumber"])


@pytest.fixture(scope="module")
def authority(needs: Needs, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(needs("openssl"), tmp_path_factory.mktemp("tls"))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def secure(authority: Authority) -> AsyncIterator[Secure]:
    file = authority.sign("server")
    path = file.parent / "televise" / "key"
    certificate = Certificate(file, key_of(file), authority.file)
    sources = (f"cam={SMALL}", "in=publish:")
    context = client_context(authority.file, None, None)
    connector = aiohttp.TCPConnector(ssl=context, limit=0)
    async with (
        serving(
            *sources, certificate=certificate, private=True, key_file=path, rtmp_port=0
        ) as running,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        await running.is_live()
        yield Secure(running, session, authority, file, Keys(path))


async def test_a_page_and_its_cookie(secure: Secure) -> None:
    assert secure.running.server.url.startswith("https://127.0.0.1:")
    url = f"{secure.url}/cam?token={secure.token()}"
    async with secure.session.get(url, headers={"Accept": "text/html"}) as answer:
        assert answer.status == 200
        assert "Secure" in answer.headers["Set-Cookie"]
    async with secure.session.get(f"{secure.url}/cam.jpg") as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
    secure.session.cookie_jar.clear()


async def test_sockets_of_our_own_pages_only(secure: Secure) -> None:
    url = f"{secure.url}/cam.mjpg?token={secure.token()}"
    async with secure.session.ws_connect(url, headers={"Origin": secure.url}) as websocket:
        for _ in range(3):
            assert (await websocket.receive_bytes(timeout=20))[:2] == b"\xff\xd8"
    foreign = {"Origin": secure.url.replace("https:", "http:")}
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await secure.session.ws_connect(url, headers=foreign)


async def test_an_endless_answer_and_its_end(secure: Secure) -> None:
    url = f"{secure.url}/cam.mp4?token={secure.token()}"
    async with secure.session.get(url) as answer:
        assert (await answer.content.readexactly(8))[4:] == b"ftyp"
    await until(lambda: not secure.running.watching)


async def test_others_are_not_let_in(secure: Secure) -> None:
    """Plain HTTP, what is no TLS at all, and what is too old; nobody else notices."""
    for said in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01", bytes(100)):
        reader, writer = await asyncio.open_connection("127.0.0.1", secure.running.port)
        writer.write(said)
        writer.write_eof()
        answered = b""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(20):
                answered = await reader.read(-1)
        assert b"HTTP" not in answered
        writer.transport.abort()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(secure.authority.file)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("localhost", secure.running.port, ssl=old)
    async with secure.session.get(f"{secure.url}/healthz") as answer:
        assert answer.status == 200
    await until(lambda: all(each.transport for each in secure.running.connections))


async def narrow(secure: Secure) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection whose kernel takes hardly anything that is not read."""
    context = client_context(secure.authority.file, None, None)
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", secure.running.port))
    return await asyncio.open_connection(
        sock=plain, ssl=context, server_hostname="localhost", limit=2048
    )


async def test_a_stalled_viewer_skips_and_nobody_waits(secure: Secure) -> None:
    """The rule of loss holds behind TLS, which hides nothing of what waits."""
    reader, writer = await narrow(secure)
    path = f"/cam.mjpg?token={secure.token()}&w=640&h=480&q=95&max_latency=100ms"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost:{secure.running.port}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    assert isinstance(writer.transport, asyncio.ReadTransport)
    writer.transport.pause_reading()
    await until(lambda: any(pump.viewers for pump in secure.running.pumps))
    viewer = secure.running.pumps[0].viewers[0]
    await until(lambda: not viewer.live and viewer._paused)
    chunk = secure.running.pumps[0].muxed.log.newest
    assert chunk is not None
    assert viewer._connection.unsent < 4 * len(chunk.data), "what is kept for it, whoever keeps it"
    await until(lambda: viewer.offered - viewer.delivered > 5)
    writer.transport.resume_reading()
    reading = asyncio.create_task(reader.read(-1))
    await until(lambda: viewer.cursor.skipped > 0)
    await until(lambda: viewer.live)
    writer.transport.abort()
    reading.cancel()
    await until(lambda: not secure.running.pumps)


async def test_what_waits_for_an_answer_in_one_piece_is_counted(secure: Secure) -> None:
    """It waits below TLS, which does not say that it does."""
    backlog = secure.running.server.ports.backlog
    reader, writer = await narrow(secure)
    assert backlog.bytes == 0
    path = f"/cam.png?token={secure.token()}&w=2560&h=1920"
    async with secure.session.get(f"{secure.url}{path}") as answer:
        assert answer.status == 200
        # The client's own TLS reads 256 KB before it stops.
        assert len(await answer.read()) > 600_000
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost:{secure.running.port}\r\n\r\n".encode())
    assert isinstance(writer.transport, asyncio.ReadTransport)
    writer.transport.pause_reading()
    await until(lambda: backlog.bytes > 10_000)
    [waiting] = [each for each in secure.running.connections if each.unsent]
    assert backlog.bytes >= waiting.unsent > 0
    writer.transport.resume_reading()
    reading = asyncio.create_task(reader.read(-1))
    await until(lambda: backlog.bytes == 0)
    writer.transport.abort()
    await reading


async def test_rtmp_is_behind_it_too(secure: Secure) -> None:
    context = client_context(secure.authority.file, None, None)
    reader, writer = await asyncio.open_connection(
        "localhost", secure.running.server.rtmp_port, ssl=context
    )
    writer.write(b"\x03" + bytes(1536))
    async with asyncio.timeout(20):
        assert (await reader.readexactly(1537))[0] == 3
    writer.transport.abort()


async def test_another_certificate_is_taken_and_viewers_stay(secure: Secure) -> None:
    url = f"{secure.url}/cam.mjpg?token={secure.token()}"
    before = await asyncio.to_thread(secure.serial)
    async with secure.session.ws_connect(url) as websocket:
        await websocket.receive_bytes(timeout=20)
        secure.certificate.write_text("broken")
        seen = secure.running.server._certificate
        assert seen is not None
        await until(lambda: seen._seen[0][1] == len("broken"))
        assert await asyncio.to_thread(secure.serial) == before, "one that is none is not taken"
        other, context = secure.authority.sign("other"), seen.context
        for mine, theirs in (
            (secure.certificate, other),
            (key_of(secure.certificate), key_of(other)),
        ):
            shutil.copy(theirs, mine)
        os.utime(secure.certificate)
        await until(lambda: seen.context is not context)
        assert await asyncio.to_thread(secure.serial) != before
        for _ in range(3):
            await websocket.receive_bytes(timeout=20)


async def test_a_hub_must_show_its_certificate(secure: Secure) -> None:
    """Where that is asked for; and its key, and it believes ours only if that is signed."""
    file = secure.authority.sign("edge")
    url = secure.url.replace("https:", "wss:")
    token = secure.token("relay")

    async def reason(**how: Any) -> str:
        upstream = Upstream(url, how.pop("token", token))
        async with hub(upstreams=[upstream], **how):
            await until(lambda: upstream.reason != "not reached yet")
        return upstream.reason

    mutual = client_context(secure.authority.file, file, key_of(file))
    assert "wants a certificate of ours (see --upstream-cert)" in await reason(
        upstream_context=client_context(secure.authority.file, None, None)
    )
    assert "or another key" in await reason(upstream_context=mutual, token=secure.token())
    assert "it wants another key" in await reason(upstream_context=mutual, token="x" * 20)
    assert "not to be trusted: self-signed certificate" in await reason()
    async with hub(upstreams=[Upstream(url, token)], upstream_context=mutual) as edge:
        await has(edge)
        async with edge.get("/cam.jpg") as answer:
            assert answer.status == 200


async def test_an_edge_checks_keys_while_the_ingress_is_away(tmp_path: Path) -> None:
    """It has the same key file; what it cannot do is show pictures that do not come."""
    keys = Keys(tmp_path / "key")

    def sign(can: str) -> str:
        return keys.sign(Grant("cam", can), 600)

    private: dict[str, Any] = {"private": True, "key_file": tmp_path / "key"}
    async with contextlib.AsyncExitStack() as ingress:
        first = await ingress.enter_async_context(hub(f"cam={SMALL}", **private))
        upstream = Upstream(f"ws://127.0.0.1:{first.port}", sign("relay"))
        async with hub(upstreams=[upstream], **private) as edge:
            await has(edge)
            await ingress.aclose()
            await until(lambda: not upstream.connected)
            for token, expected in ((sign("view"), 200), (sign("publish"), 403), ("", 401)):
                async with edge.get(f"/cam?token={token}") as answer:
                    assert answer.status == expected


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "No such file"), ("nothing", "is no PEM of such")],
)
async def test_what_is_no_certificate_is_told(
    tmp_path: Path, content: str | None, told: str
) -> None:
    file = tmp_path / "certificate.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InputError, match=told):
        Certificate(file)
    with pytest.raises(InputError, match=told):
        client_context(file, None, None)


async def test_a_key_of_another_certificate_is_told(authority: Authority) -> None:
    with pytest.raises(InputError, match="do not belong together"):
        Certificate(authority.file, key_of(authority.sign("stranger")))
