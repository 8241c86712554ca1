"""`televise doctor` without a URL: this machine, with faults of our own making."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from televise.doctor.browser import USUAL, of_report
from televise.doctor.checks import clock, descriptors, ffmpeg, key_file, ports
from televise.doctor.checks.buffering import Arrival, are_bursts
from tests.doctor.hubs import examined
from tests.support.process import environment, run


def test_this_machine(tmp_path: Path) -> None:
    """With a key file that others can read, and few descriptors: both are found, for real."""
    key = tmp_path / "key"
    key.write_text("0" * 64)
    key.chmod(0o644)
    report = examined(TELEVISE_KEY_FILE=str(key))
    assert report.level("key file") == "wrong"
    assert f"chmod 600 {key}" in report.text("key file")
    assert report.level("python") == "ok"
    assert "H.264, MPEG-1, JPEG, GIF, PNG, AAC, MP2" in report.text("ffmpeg")


def test_few_descriptors() -> None:
    script = "import resource as r, sys, subprocess; r.setrlimit(r.RLIMIT_NOFILE, (200, 200)); "
    script += "sys.exit(subprocess.call([sys.executable, '-m', 'televise', 'doctor']))"
    finished = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert finished.returncode == 1
    assert "only 200 files may be open" in finished.stdout
    assert descriptors.of_limit(1024).level == "note"
    assert descriptors.of_limit(65_536).level == "ok"


async def test_a_port_that_is_in_use() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        found = await ports.of_web(port)
        assert (found.level, f"--port {port + 1}" in found.fix) == ("wrong", True)
        assert ports.of_rtmp(port).level == "note"
    assert (await ports.of_web(port)).level == "ok"


@pytest.mark.parametrize(
    ("version", "level"), [("8.1.2", "note"), ("8.1.3", "ok"), ("n9.0", "ok"), ("5.1.9", "wrong")]
)
def test_versions_of_ffmpeg(version: str, level: str) -> None:
    assert [found.level for found in ffmpeg.of_version(version)] == [level]


def test_an_encoder_that_does_not_work() -> None:
    (found,) = ffmpeg.of_encoders({"H.264": "no such codec", "JPEG": ""})
    assert found.level == "wrong"
    assert "H.264" in found.text


def test_key_files(tmp_path: Path) -> None:
    assert key_file.of_file(tmp_path / "none" / "key").level == "ok"
    (tmp_path / "key").write_text("")
    (tmp_path / "key").chmod(0o600)
    assert key_file.of_file(tmp_path / "key").level == "ok"
    assert key_file.of_file(tmp_path / "key" / "in a file").level == "wrong"


def test_clocks_that_nothing_keeps_right() -> None:
    assert [clock.of_state(state).level for state in (0, clock.TIME_ERROR)] == ["ok", "note"]


def test_one_accident_is_no_buffer() -> None:
    smooth = [Arrival(number / 2, number / 2 + 0.01) for number in range(7)]
    once = [*smooth[:3], Arrival(1.5, 2.0), *smooth[4:]]
    held = [Arrival(number / 2, 10 + number // 4) for number in range(8)]
    assert [are_bursts(each) for each in (smooth, once, held)] == [False, False, True]


def test_what_browsers_tell() -> None:
    odd = 'video/mp4; codecs="avc1.f4001f"'
    can = {"agent": "Some\x1b[31m browser", "secure": True, "webcodecs": True, "mse": {USUAL: True}}
    found = of_report(can, {"cam": odd})
    assert [each.level for each in found] == ["ok", "ok", "wrong", "ok"]
    assert "\x1b" not in found[0].text
    assert "cam" in found[2].text
    old = of_report({"agent": "Old", "mse": None, "secure": False}, {})
    assert [each.level for each in old] == ["ok", "note", "note"]
    strange: list[object] = [1, [], {"mse": 3}]
    assert [of_report(each, {})[0].level for each in strange] == ["wrong"] * 3


@pytest.mark.parametrize(
    "arguments", [["ftp://x"], ["http://"], ["nonsense"], ["--browser", "here"], ["http://u:p@h/"]]
)
def test_what_is_wrong_to_ask(arguments: list[str]) -> None:
    finished = run("doctor", *arguments)
    assert (finished.returncode, finished.stderr.count("\n")) == (2, 1)
    assert "u:p" not in finished.stderr
