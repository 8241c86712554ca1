"""Leaks: what tests have left behind of child processes, threads, descriptors and tasks."""

import asyncio
import contextlib
import gc
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.process import children, is_alive

DESCRIPTORS = Path("/proc/self/fd")
# Ours are below this.
ROOT = Path(__file__).resolve().parent.parent.parent
# What has been told to end may take so long to do so.
PATIENCE_SECONDS = 20.0
# A task that is about to end needs some turns of its loop for that.
ENDING_SECONDS = 2.0
# Libraries open these once and never close them; a ring is of its thread, and lives as long.
COMMON = ("/dev/null", "/dev/urandom", "/dev/random", "anon_inode:[io_uring]")


@dataclass
class Belongings:
    """Child processes, threads that keep the process alive, and descriptors."""

    children: set[int] = field(default_factory=set)
    threads: set[threading.Thread] = field(default_factory=set)
    descriptors: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def now(cls) -> "Belongings":
        """All that this process has."""
        return cls(
            {pid for pid in children(os.getpid()) if is_alive(pid)},
            {each for each in threading.enumerate() if not each.daemon},
            set(_descriptors()),
        )

    def __sub__(self, other: "Belongings") -> "Belongings":
        return Belongings(
            self.children - other.children,
            self.threads - other.threads,
            self.descriptors - other.descriptors,
        )

    @property
    def names(self) -> list[str]:
        """Each of them in words."""
        return [
            *(f"process {pid}: {_command(pid)}" for pid in self.children),
            *(f"thread {each.name}" for each in self.threads),
            *(f"descriptor {number}: {what}" for number, what in self.descriptors),
        ]


# What serves the tests of several files: browsers, the hub that is attacked.
_shared: list[Belongings] = []


@contextlib.contextmanager
def shared() -> Iterator[None]:
    """What begins in this block is for other tests too, and no leak."""
    before = Belongings.now()
    yield
    _shared.append(Belongings.now() - before)


def left(before: Belongings) -> list[str]:
    """What there was not ``before``; not what ends when it is given time, nor what is garbage."""
    if not _left(before):
        return []
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        gc.collect()  # each time: what has just ended may be garbage only now
        if not (found := _left(before)) or time.monotonic() >= end:
            return found
        time.sleep(0.05)


def _left(before: Belongings) -> list[str]:
    found = Belongings.now() - before
    for each in _shared:
        found -= each
    return found.names


def _descriptors() -> Iterator[tuple[str, str]]:
    for each in DESCRIPTORS.iterdir():
        with contextlib.suppress(OSError):  # that of the list itself
            if (what := str(each.readlink())) not in COMMON:
                yield each.name, what


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:200]
    return "?"


# Tasks of ours that were left when their loop ended: asyncio cancels them, and says nothing.
_unfinished: list[str] = []


def unfinished() -> list[str]:
    """Those since it was asked last."""
    found = _unfinished.copy()
    _unfinished.clear()
    return found


def note_unfinished() -> None:
    """Begin to look at the end of each loop."""
    runners: Any = asyncio.runners
    cancel_all = runners._cancel_all_tasks
    if cancel_all.__module__ == __name__:
        return

    def note_and_cancel(loop: asyncio.AbstractEventLoop) -> None:
        if ours := _ours(loop):
            loop.run_until_complete(asyncio.wait(ours, timeout=ENDING_SECONDS))
            _unfinished.extend(map(repr, _ours(loop)))
        cancel_all(loop)

    runners._cancel_all_tasks = note_and_cancel


def _ours(loop: asyncio.AbstractEventLoop) -> set["asyncio.Task[Any]"]:
    return {task for task in asyncio.all_tasks(loop) if _is_ours(task)}


def _is_ours(task: "asyncio.Task[Any]") -> bool:
    """Whether our code made it, and nobody has told it to end."""
    if task.cancelling():
        return False
    code = getattr(task.get_coro(), "cr_code", None)
    file = Path(code.co_filename) if code else ROOT.parent
    return any(file.is_relative_to(ROOT / each) for each in ("src", "tests"))
