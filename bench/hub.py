"""A televise server as its own process, and what the system knows of it."""

import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
# All viewers of a benchmark come from this machine, which is one address.
MOST_VIEWERS = 10_000


@dataclass
class Hub:
    """A running server: its process, its port, how long it took to answer (seconds), and the key
    that its viewers need, if they do."""

    process: subprocess.Popen[bytes]
    port: int
    start_seconds: float
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def processes(self) -> list[int]:
        """The server, then its workers."""
        return [self.process.pid, *_children(self.process.pid)]

    def resident_bytes(self) -> int:
        """Memory of the server process alone."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE

    def descriptors(self) -> int:
        """How many file descriptors the server process has open."""
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())

    def cpu_seconds(self) -> float:
        """Processor time of the server process alone."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def serving(*sources: str, context: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Hub]:
    """Serve ``sources``, and as options say, until the block ends; ``context`` is for a server that
    speaks TLS, 0 any free ``port``."""
    port = port or free_port()
    began = time.monotonic()
    options = ["--port", str(port), "--max-viewers-per-address", str(MOST_VIEWERS)]
    command = [sys.executable, "-m", "televise", "serve", *options, *sources]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _first_answer(process, port, context)
        yield Hub(process, port, time.monotonic() - began)
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Wait until somebody listens there."""
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.001)
        else:
            return
    raise SystemExit(f"{process.args!r} did not start")


def _first_answer(
    process: subprocess.Popen[bytes], port: int, context: ssl.SSLContext | None
) -> None:
    """Wait until a connection is not only taken but answered."""
    request = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    while process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port)) as plain, ExitStack() as stack:
                connection = plain
                if context is not None:
                    wrapped = context.wrap_socket(plain, server_hostname="127.0.0.1")
                    connection = stack.enter_context(wrapped)
                connection.sendall(request)
                if connection.recv(100):
                    return
        except OSError:
            time.sleep(0.001)
    raise SystemExit("the server did not start")


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found
