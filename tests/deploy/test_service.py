"""The unit under a real systemd, with all that it forbids."""

import os
import stat
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.proxies import DEPLOY, changed, free_ports
from tests.deploy.systemd import Systemd, booted, why_not
from tests.support.waiting import wait_until

UNIT = (DEPLOY / "systemd" / "televise.service").read_text()
# The unit has 20.
WATCHDOG_SECONDS = 3
UNITS = ("televise", "televise@east")


@dataclass
class Services:
    """Two hubs, each of a unit of its own, and their ports."""

    systemd: Systemd
    ports: dict[str, int]

    def process(self, unit: str) -> int:
        """Its number where systemd is; 0 while there is none."""
        return int(self.systemd.property(unit, "MainPID"))

    def picture(self, unit: str) -> bytes:
        url = f"http://127.0.0.1:{self.ports[unit]}/cam.jpg"
        with urllib.request.urlopen(url, timeout=40) as answer:
            return bytes(answer.read())


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    if reason := why_not():
        pytest.skip(reason)
    ports = dict(zip(UNITS, free_ports(2), strict=True))
    unit = changed(UNIT, {"WatchdogSec=20": f"WatchdogSec={WATCHDOG_SECONDS}"})
    files = {
        "etc/systemd/system/televise.service": unit,
        "etc/systemd/system/televise@.service": unit,
    }
    for name, port in ports.items():
        arguments = f"ARGUMENTS=cam=pattern:?size=160x120 --port {port}\n"
        files[f"etc/televise/{name}.conf"] = arguments
    with booted(tmp_path_factory.mktemp("systemd"), files) as systemd:
        yield Services(systemd, ports)


@pytest.mark.parametrize("unit", UNITS)
def test_it_starts_and_shows_a_picture(services: Services, unit: str) -> None:
    services.systemd.run("systemctl", "start", unit)  # returns when it has said READY
    assert services.systemd.property(unit, "SubState") == "running"
    assert services.picture(unit).startswith(b"\xff\xd8")


@pytest.mark.parametrize("unit", UNITS)
def test_it_has_no_rights(services: Services, unit: str) -> None:
    services.systemd.run("systemctl", "start", unit)
    process = services.process(unit)
    lines = services.systemd.run("cat", f"/proc/{process}/status").splitlines()
    fields = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    assert "0" not in fields["Uid"]
    assert fields["CapEff"] == fields["CapBnd"] == ["0" * 16]
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == (["1"], ["2"])
    key = services.systemd.run("stat", "--format=%f", f"/var/lib/private/{unit}/key")
    assert stat.S_IMODE(int(key, 16)) == 0o600
    assert Path(f"/var/lib/private/{unit}").exists() is False, "nothing of this stays here"


def test_one_that_hangs_is_replaced(services: Services) -> None:
    services.systemd.run("systemctl", "start", "televise")
    before = services.process("televise")
    services.systemd.run("kill", "-STOP", str(before))
    wait_until(lambda: services.process("televise") not in (0, before))
    assert services.systemd.property("televise", "NRestarts") == "1"
    wait_until(lambda: services.systemd.property("televise", "SubState") == "running")
    assert services.picture("televise").startswith(b"\xff\xd8")


def test_its_end_is_clean_and_alone(services: Services) -> None:
    for unit in UNITS:
        services.systemd.run("systemctl", "start", unit)
    services.systemd.run("systemctl", "stop", "televise")
    assert services.systemd.property("televise", "Result") == "success"
    assert services.systemd.property("televise", "ExecMainStatus") == str(os.EX_OK)
    assert services.systemd.property("televise", "SubState") == "dead"
    assert services.picture("televise@east").startswith(b"\xff\xd8")
