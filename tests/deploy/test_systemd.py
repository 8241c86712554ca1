"""The unit before systemd's own tools; and the hub says what the unit waits for."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.conftest import Needs
from tests.deploy.proxies import DEPLOY, changed
from tests.support.process import televise
from tests.support.server import SMALL

UNIT = DEPLOY / "systemd" / "televise.service"
# systemd counts up to 10; a web server without any hardening has 9.
EXPOSURE = "20"


def test_the_unit_is_understood(needs: Needs, tmp_path: Path) -> None:
    program = str(Path(sys.executable).parent / "televise")
    text = changed(UNIT.read_text(), {"/opt/televise/bin/televise": program})
    for name in ("televise.service", "televise@.service"):
        (tmp_path / name).write_text(text)
        command = [needs("systemd-analyze"), "verify", "--man=no", str(tmp_path / name)]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (finished.returncode, finished.stderr) == (0, "")


def test_the_unit_gives_few_rights(needs: Needs) -> None:
    command = [needs("systemd-analyze"), "security", "--offline=true", f"--threshold={EXPOSURE}"]
    finished = subprocess.run([*command, str(UNIT)], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout[-300:]


def test_the_hub_says_that_it_lives(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(40)
        told = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "300000"}
        with televise(f"cam={SMALL}", log=tmp_path / "log", **told) as hub:
            said = [manager.recv(100) for _ in range(4)]
            assert said == [b"READY=1", *[b"WATCHDOG=1"] * 3]
            assert hub.end(signal.SIGTERM) == os.EX_OK
            manager.settimeout(1)
            while (last := manager.recv(100)) == b"WATCHDOG=1":
                pass
            assert last == b"STOPPING=1"
