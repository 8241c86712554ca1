"""A real systemd, as the first process of namespaces of its own: root only, and Linux.

Its files are those of this machine, below a layer that is gone with it; in the same network.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import televise
from tests.support.waiting import wait_until

PROGRAM = "/lib/systemd/systemd"
# What the unit calls, for a Python that is not in anybody's home, which the unit hides.
LAUNCHER = """#!/bin/sh
PYTHONPATH=/opt/televise/src:/opt/televise/site exec {python} -m televise "$@"
"""
# Root must be the root of the mount namespace (pivot_root), or services may have no users of their
# own. What this machine starts by itself is left out.
BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs {folder}
mkdir {folder}/upper {folder}/work {folder}/root
mount -t overlay overlay -o lowerdir=/,upperdir={folder}/upper,workdir={folder}/work {folder}/root
cd {folder}/root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount --bind /dev dev
mkdir -p opt/televise/bin opt/televise/src opt/televise/site
mount --bind {source} opt/televise/src
mount --bind {site} opt/televise/site
cp -r {files}/. .
chmod +x opt/televise/bin/televise
rm -f etc/systemd/system/*.wants/*
ln -sf /dev/null etc/systemd/system/systemd-udevd.service
mkdir .old
pivot_root . .old
cd /
umount -l /.old
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin {program} \
    --system --unit=multi-user.target --show-status=false --log-target=console
"""


@dataclass
class Systemd:
    """It runs; ``first`` is its process number as it is known here."""

    first: int

    def run(self, *command: str) -> str:
        """What a command says that is run where it is, and must succeed."""
        inside = ["nsenter", "-t", str(self.first), "-m", "-p", "-u", "-i", "-C", "--"]
        finished = subprocess.run(
            [*inside, *command], capture_output=True, text=True, check=False, timeout=60
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    def property(self, unit: str, name: str) -> str:
        """What systemd knows of a unit."""
        return self.run("systemctl", "show", "--property", name, "--value", unit).strip()


def why_not() -> str:
    """Why there can be none here; '' where there can."""
    if os.geteuid() != 0:
        return "a systemd of its own needs root"
    if not Path(PROGRAM).exists() or python() is None:
        return "there is no systemd, or no Python that services can see"
    tried = ["unshare", "--mount", "--pid", "--cgroup", "--ipc", "--uts", "--fork", "true"]
    finished = subprocess.run(tried, capture_output=True, text=True, check=False)
    return f"no namespaces here: {finished.stderr}" if finished.returncode else ""


def python() -> str | None:
    """One of the version that runs this, for whose modules it has."""
    ours = os.path.realpath(sys.executable)
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    hidden = ours.startswith(("/root/", "/home/", "/tmp/"))
    return ours if not hidden else system if Path(system).exists() else None


@contextlib.contextmanager
def booted(folder: Path, files: Mapping[str, str]) -> Iterator[Systemd]:
    """It has started; ``files`` by their path from / are there beside those of this machine."""
    for name, text in {"opt/televise/bin/televise": _launcher(), **files}.items():
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    script = folder / "boot.sh"
    (folder / "layer").mkdir()
    script.write_text(
        BOOT.format(
            folder=folder / "layer",
            files=folder / "files",
            source=Path(televise.__file__).parent.parent,
            site=Path(sys.prefix, "lib", f"python3.{sys.version_info.minor}", "site-packages"),
            program=PROGRAM,
        )
    )
    apart = ["--mount", "--pid", "--cgroup", "--ipc", "--uts", "--fork", "--kill-child"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            ["unshare", *apart, "sh", str(script)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield _started(process, folder / "log")
        finally:
            process.kill()


def _launcher() -> str:
    return LAUNCHER.format(python=python())


def _started(process: "subprocess.Popen[bytes]", log: Path) -> Systemd:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

    def is_up() -> bool:
        if process.poll() is not None:
            pytest.skip(f"this machine's kernel does not let systemd start: {log.read_text()}")
        return (first := children.read_text().strip()) != "" and "up" in _state(first)

    wait_until(is_up)
    return Systemd(int(children.read_text()))


def _state(first: str) -> str:
    """`up` when everything has been started, whether all of it can be or not."""
    asked = ["nsenter", "-t", first, "-m", "-p", "-C", "--", "systemctl", "is-system-running"]
    finished = subprocess.run(asked, capture_output=True, text=True, check=False)
    return "up" if finished.stdout.strip() in ("running", "degraded") else "not yet"
