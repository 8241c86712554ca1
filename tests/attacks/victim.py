"""A hub in a process of its own, to be attacked: with secrets to find, and canaries that sing."""

import contextlib
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from televise.web.trust.keys import Grant, Keys
from tests.support.process import Running, listening, televise
from tests.support.trace import TRACER
from tests.support.waiting import LIMIT_SECONDS, wait_until

# In a file that no request may reach, and in the URL of a camera.
CANARY = "canary-4b1d"
PASSWORD = "of-the-victim-7c41"
CAMERA = f"door=http://root:{PASSWORD}@127.0.0.1:9/live.ts?key={PASSWORD}"
# Of an answer that may have no end.
ENOUGH_BYTES = 65536


@dataclass(frozen=True)
class Answer:
    """The status, the head and as much of the body as there was at once."""

    status: int
    head: str
    body: bytes


@dataclass
class Victim:
    """It, its keys and a folder with canaries."""

    running: Running
    keys: Keys
    folder: Path

    @property
    def port(self) -> int:
        return self.running.port

    @property
    def canary(self) -> Path:
        return self.folder / "canary.txt"

    @property
    def peak_megabytes(self) -> float:
        """The most memory that its process has had so far; not that of the workers."""
        return self._megabytes("VmHWM")

    @property
    def megabytes(self) -> float:
        """What it has now."""
        return self._megabytes("VmRSS")

    def _megabytes(self, which: str) -> float:
        status = Path(f"/proc/{self.running.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith(which)]
        return int(line.split()[1]) / 1024

    @property
    def rtmp_port(self) -> int:
        """Where it listens beside."""
        (port,) = listening(self.running.process.pid) - {self.port}
        return port

    def bearer(self, channel: str = "*", can: str = "view") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys.sign(Grant(channel, can), 600)}"}

    def ask(
        self,
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """The answer to a request whose ``path`` is sent as it is."""
        length = {"Content-Length": str(len(body))} if body or method in ("POST", "PUT") else {}
        own = {"Host": f"127.0.0.1:{self.port}", "Connection": "close"}
        fields = own | length | dict(headers or {})
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {fields[name]}" for name in fields)]
        return self.say(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)

    def publish(self, path: str, data: bytes) -> Answer:
        """Send ``data`` and nothing else, once nobody else does."""
        headers = self.bearer(path[1:].partition(".")[0], "publish")
        answers: list[Answer] = []

        def is_done() -> bool:
            answers.append(self.ask(path, "POST", headers, data))
            return answers[-1].status != 409

        wait_until(is_done)
        return answers[-1]

    def say(self, data: bytes) -> Answer:
        """The answer to these bytes."""
        with socket.create_connection(("127.0.0.1", self.port), LIMIT_SECONDS) as plain:
            with contextlib.suppress(ConnectionError):
                plain.sendall(data)  # it may have heard enough before the end
            heard = _hear(plain)
        head, _, body = heard.partition(b"\r\n\r\n")
        return Answer(int(head.split()[1]) if head else 0, head.decode("latin-1"), body)

    def is_well(self) -> bool:
        return self.ask("/healthz").status == 200


def _hear(plain: socket.socket) -> bytes:
    """To the end; of what may have none (it has no length) the beginning."""
    heard = b""
    with contextlib.suppress(ConnectionError):
        while len(heard) < ENOUGH_BYTES and (some := plain.recv(65536)):
            heard += some
            head, end, _ = heard.partition(b"\r\n\r\n")
            if end and b"200 OK" in head and b"\r\nContent-Length:" not in head:
                break
    return heard


def _processes() -> str:
    """What everybody on this machine can see of those that run, but for those that trace them: a
    tracer is told the whole command, and another test may have one."""
    seen = subprocess.run(["ps", "axww"], capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in seen.splitlines() if TRACER not in line)


@contextlib.contextmanager
def attacked(folder: Path, *more: str, before: Sequence[str] = ()) -> Iterator[Victim]:
    """A victim that must be well at the end, and have told nothing in its log; ``before`` wraps its
    command."""
    (folder / "canary.txt").write_text(CANARY)
    (folder / "frames").mkdir()
    log, key_file = folder / "log", folder / "key"
    sources = ["cam=pattern:?size=160x120&fps=15", "in=publish:", "shots=publish:", CAMERA]
    sources.append(f"folder=dir:{folder}/frames")
    options = ["--rtmp", "0", "--key-file", str(key_file)]
    with televise(*sources, *options, *more, log=log, before=before) as running:
        victim = Victim(running, Keys(key_file), folder)
        assert victim.bearer(), "that makes the secret, to be stolen"
        yield victim
        assert victim.is_well()
        assert running.process.poll() is None
        told = log.read_text() + _processes()
        assert "127.0.0.1:9" in told
        for secret in (CANARY, PASSWORD, key_file.read_text().strip(), "Traceback"):
            assert secret not in told
