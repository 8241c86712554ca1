"""``televise`` as a user runs it: a process of its own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.server import SOURCE_FOLDER
from tests.support.waiting import wait_until

LIMIT_SECONDS = 60.0
COMMAND = [sys.executable, "-m", "televise"]


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(SOURCE_FOLDER)} | more


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A command that is to end by itself."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
        env=environment(**more),
    )


@dataclass
class Running:
    """A server that runs; ``log`` is its standard error."""

    process: subprocess.Popen[str]
    greeting: list[str]
    log: Path

    @property
    def port(self) -> int:
        match = re.search(r"http://[^/]+:(\d+)/", "".join(self.greeting))
        assert match is not None, self.greeting
        return int(match[1])

    @property
    def workers(self) -> list[int]:
        """Its living children."""
        return [child for child in children(self.process.pid) if is_alive(child)]

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT_SECONDS)


@contextlib.contextmanager
def televise(
    *arguments: str, log: Path, before: Sequence[str] = (), **more: str
) -> Iterator[Running]:
    """A server on a free port, once it has said where it listens; ``before`` wraps the command."""
    command = [*before, *COMMAND, "serve", "--port", "0", *arguments]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment(**more),
        ) as process,
    ):
        assert process.stdout is not None
        greeting = []
        try:
            for line in process.stdout:
                greeting.append(line)
                if line.startswith("Ctrl+C"):
                    break
            yield Running(process, greeting, log)
        finally:
            workers = children(process.pid)
            process.kill()
            wait_until(lambda: not any(map(is_alive, workers)))


def children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def listening(pid: int) -> set[int]:
    """The TCP ports on which a process listens."""
    links = [link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir()]
    lines = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    ours = [line for line in lines if f"socket:[{line[9]}]" in links]
    return {int(line[1].partition(":")[2], 16) for line in ours if line[3] == "0A"}


def is_alive(pid: int) -> bool:
    """Whether it is there, and no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
