"""Trace: which programs a process and all its children have started, however short they lived."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Who starts what, and whether that is a system call that has begun.
_STARTED = re.compile(r"^\d+ +execve(?:at)?\((.*)", re.M)
# Python, with a module of ours.
_OURS = re.compile(r'"[^"]*python[^"]*", \["[^"]*python[^"]*", (?:"-P", )?"-m", "televise[."]')


# How it looks among all processes: with all that its command was told.
TRACER = "strace -D "


@dataclass(frozen=True)
class Trace:
    """Written to ``file`` by ``strace``, a program's path."""

    strace: str
    file: Path

    @property
    def before(self) -> Sequence[str]:
        """What stands before a command that is to be traced; its process is the command's own."""
        only = ("-e", "trace=execve,execveat", "-e", "signal=none")
        return (
            self.strace,
            "-D",
            "-f",
            "--seccomp-bpf",
            "-qq",
            "-s",
            "4096",
            *only,
            "-o",
            str(self.file),
        )

    @property
    def started(self) -> list[str]:
        """The programs and the arguments of all."""
        return _STARTED.findall(self.file.read_text()) if self.file.exists() else []

    @property
    def others(self) -> list[str]:
        """Those that are not ours."""
        return [each for each in self.started if not _OURS.match(each)]
