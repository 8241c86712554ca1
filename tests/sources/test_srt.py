"""SRT by the program ffmpeg: encrypted, both ways round, and nothing of it left behind."""

import os
import signal
import socket
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import Needs
from tests.media.films import COUNT, numbers, ramp, tone
from tests.media.rig import H264, running
from tests.support.process import children
from tests.support.waiting import wait_until

PASSPHRASE = "it's a s3cr3t"
NO_B = ("-c:v", "libx264", "-g", "10", "-tune", "zerolatency")


@pytest.fixture(autouse=True)
def _programs(needs: Needs) -> None:
    needs("ffmpeg")


def free_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def listens(port: int) -> bool:
    return any(f":{port:04X} " in line for line in Path("/proc/net/udp").read_text().splitlines())


def sender(*place: str) -> "subprocess.Popen[bytes]":
    """An ffmpeg that sends its film in its own time."""
    inputs = ["-re", *ramp(count=40 * COUNT), "-re", *tone(24)]
    command = ["ffmpeg", "-v", "error", "-nostdin", *inputs, *NO_B, "-c:a", "aac", "-f", "mpegts"]
    return subprocess.Popen([*command, *place], stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
@pytest.mark.parametrize("listening", ["we", "they"])
def test_plays_srt(listening: str, passphrase: str) -> None:
    port = free_port()
    place = f"srt://127.0.0.1:{port}"
    secret = ["-passphrase", passphrase] if passphrase else []
    query = f"?passphrase={passphrase}" if passphrase else ""
    ours = f"srt://:{port}{query}" if listening == "we" else f"{place}{query}"
    mode = ["-mode", "caller" if listening == "we" else "listener"]
    with running(ours) as worker:
        number = worker.subscribe(H264)
        if listening == "we":
            wait_until(lambda: listens(port))
        with sender(*mode, *secret, place) as source:
            run = worker.collect(number, 1.0)[-1]
            assert set(worker.announced()) == {"video", "audio"}
            (child,) = children(worker.process.pid)
            arguments = Path(f"/proc/{child}/cmdline").read_bytes()
            assert b"ffmpeg" in arguments
            assert b"s3cr3t" not in arguments
            source.kill()
    assert run.track("video").delivery == "passthrough"
    shown = numbers(run.mp4(), (160, 120))
    assert all((after - before) % COUNT == 1 for before, after in pairwise(shown))


def test_a_wrong_passphrase() -> None:
    port = free_port()
    place = f"srt://127.0.0.1:{port}"
    with sender("-mode", "listener", "-passphrase", "0123456789", place) as source:
        wait_until(lambda: listens(port))
        with running(f"{place}?passphrase=9876543210s3cr3t") as worker:
            state = worker.wait_for_state("offline")
            assert "s3cr3t" not in str(worker.messages)
        source.kill()
    assert state.text == f"{place}?***: no answer, or the passphrase is not the right one"
    assert not state.final


def test_nobody_answers_and_then_somebody_does() -> None:
    port = free_port()
    with running(f"srt://127.0.0.1:{port}") as worker:
        number = worker.subscribe(H264)
        worker.wait_for_state("offline", text="no answer")
        with sender("-mode", "listener", f"srt://127.0.0.1:{port}") as source:
            worker.collect(number, 0.3)
            heard = len(worker.messages)
            source.kill()
        worker.wait_for_state("offline", after=heard)


def test_without_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with running("srt://127.0.0.1:9") as worker:
        state = worker.wait_for_state("offline")
    assert state.text == (
        "srt://127.0.0.1:9: srt:// needs ffmpeg: apt install ffmpeg, or pip install 'televise[srt]'"
    )


def test_it_ends_with_its_worker() -> None:
    """One that waits for a caller would wait for ever, and keep the port."""
    port = free_port()
    with running(f"srt://:{port}") as worker:
        wait_until(lambda: listens(port))
        os.kill(worker.process.pid, signal.SIGKILL)
        wait_until(lambda: not listens(port))
