"""Fixtures: a server of a program, and programs that run as processes of their own."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from televise import Server
from tests.support.process import children, environment, is_alive
from tests.support.waiting import wait_until


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """On any free port; its processes are gone afterwards."""
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    with Server(port=0) as running:
        yield running
        family = descendants(running.pid)
    assert not [pid for pid in family if is_alive(pid)]


def descendants(pid: int) -> list[int]:
    """A process and all that it has started."""
    return [pid, *(each for child in children(pid) for each in descendants(child))]


def shared_memory(pid: int) -> list[str]:
    """The mailboxes that a process has open or mapped."""
    found = [line for line in _lines(f"/proc/{pid}/maps") if "memfd:televise" in line]
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if "memfd:televise" in (target := str(descriptor.readlink())):
                found.append(target)
    return found


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


@dataclass
class Program:
    """A program that shows pictures, with all its processes when it had begun to."""

    process: subprocess.Popen[str]
    url: str
    family: list[int]
    folder: Path

    @property
    def hub(self) -> int:
        """The child that serves."""
        return self.family[1]

    @property
    def worker(self) -> int:
        """The hub's child."""
        return self.family[2]

    def go_on(self) -> None:
        """Give it the line for which it waits; a fork before would be taken for one of ours."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def has_left_nothing(self) -> bool:
        """Neither processes nor files."""
        return not any(map(is_alive, self.family)) and not any(self.folder.iterdir())


@contextlib.contextmanager
def program(text: str, folder: Path) -> Iterator[Program]:
    """Run ``text``, which prints the URL of its channel; its temporary files are in ``folder``."""
    with subprocess.Popen(
        [sys.executable, "-c", text],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(TMPDIR=str(folder)),
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://"), process.stderr and process.stderr.read()
            wait_until(lambda: len(descendants(process.pid)) == 3)
            yield Program(process, url, descendants(process.pid), folder)
        finally:
            process.kill()
