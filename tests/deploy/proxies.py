"""nginx and Caddy as they are deployed, on ports of loopback, with a certificate of our own."""

import asyncio
import contextlib
import os
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT
from tests.support.waiting import until, wait_until

DEPLOY = ROOT / "deploy"
NAME = "televise.example"
_OPENSSL = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]


@dataclass(frozen=True)
class Proxy:
    """A proxy that listens; ``folder`` has its configuration and what it logs."""

    port: int
    folder: Path
    scheme: str = "https"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    @property
    def context(self) -> ssl.SSLContext | None:
        return (
            None if self.scheme == "http" else ssl.create_default_context(cafile=self.certificate)
        )


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def make_certificate(folder: Path) -> None:
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "cert.key"), "-out", str(folder / "cert.pem")]
    subprocess.run([*_OPENSSL, *names, *files], check=True, capture_output=True)


def changed(text: str, changes: Mapping[str, str]) -> str:
    """``text`` with each key, which must be in there, replaced."""
    for old, new in changes.items():
        assert old in text, f"{old!r} is not in the file any more"
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def running(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    """A program that listens on ``port``."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: process.poll() is not None or _listens(port))
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.terminate()
            process.wait(20)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def nginx(program: str, folder: Path, port: int, site: str) -> Iterator[Proxy]:
    """With ``site`` inside of `http`."""
    folder.mkdir(exist_ok=True)
    (folder / "site.conf").write_text(site)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; user {_user()};\n"
        f"events {{}}\nhttp {{ access_log off; {temporary} include {folder}/site.conf; }}\n"
    )
    command = [program, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with running(command, port, folder / "nginx.log"):
        yield Proxy(port, folder)


def _user() -> str:
    return "root" if os.getuid() == 0 else "nobody"


@contextlib.contextmanager
def deployed_nginx(program: str, folder: Path, port: int, hub: int) -> Iterator[Proxy]:
    """As in deploy/nginx, but for names and ports."""
    make_certificate(folder)
    site = changed(
        (DEPLOY / "nginx" / "televise.conf").read_text(),
        {
            "127.0.0.1:8080": f"127.0.0.1:{hub}",
            "listen 443 ": f"listen 127.0.0.1:{port} ",
            "/etc/ssl/televise.example.pem": str(folder / "cert.pem"),
            "/etc/ssl/televise.example.key": str(folder / "cert.key"),
            "/var/log/nginx/televise.log": str(folder / "access.log"),
        },
    )
    with nginx(program, folder, port, site) as proxy:
        yield proxy


@contextlib.contextmanager
def deployed_caddy(program: str, folder: Path, port: int, hub: int) -> Iterator[Proxy]:
    """As in deploy/caddy, but for names and ports; and it asks nobody for a certificate."""
    make_certificate(folder)
    tls = f"tls {folder}/cert.pem {folder}/cert.key"
    site = changed(
        (DEPLOY / "caddy" / "Caddyfile").read_text(),
        {
            "127.0.0.1:8080": f"127.0.0.1:{hub}",
            f"{NAME} {{\n": f"https://127.0.0.1:{port} {{\n\tbind 127.0.0.1\n\t{tls}\n",
        },
    )
    options = "{\n\tadmin off\n\tgrace_period 10ms\n\tauto_https disable_redirects\n}\n"
    config = folder / "Caddyfile"
    config.write_text(options + site)
    command = ["env", f"HOME={folder}", program, "run", "--config", str(config)]
    with running(command, port, folder / "caddy.log"):
        yield Proxy(port, folder)


Deploy = Callable[[str, Path, int, int], contextlib.AbstractContextManager[Proxy]]
DEPLOYED: dict[str, Deploy] = {"nginx": deployed_nginx, "caddy": deployed_caddy}


async def no_sockets() -> None:
    """Wait until TLS has said its farewells: until the loop watches nothing but its own pipe."""
    selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]
    await until(lambda: len(selector.get_map()) <= 1)
