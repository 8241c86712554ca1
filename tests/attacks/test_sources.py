"""T6: no request makes the hub start a program, open a file or give an argument to FFmpeg."""

import json
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.attacks.victim import Victim
from tests.support.waiting import wait_until

GONE = b"(gone)"

SOURCES = [
    "exec:touch CANARY",
    "exec://touch CANARY",
    "|touch CANARY",
    "pipe:0",
    "pipe://1",
    "ffmpeg:-i CANARY",
    "-i CANARY",
    "-",
    "concat:CANARY|CANARY",
    "concatf:CANARY",
    "subfile:,,start,0,end,9,,:CANARY",
    "lavfi:movie=CANARY",
    "tee:CANARY",
    "cache:CANARY",
    "async:CANARY",
    "crypto:CANARY",
    "data:text/plain,CANARY",
    "hls+http://127.0.0.1/x.m3u8",
    "http://127.0.0.1/x\n-f lavfi",
    "http://127.0.0.1/x\0.mp4",
    "file:CANARY",
    "CANARY",
    "dir:/",
    "device:/dev/video0",
    "guarded+http://127.0.0.1/",
    "$(touch CANARY)",
    "`touch CANARY`",
    "publish:; touch CANARY",
]


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_that_is_none_starts_nothing(victim: Victim, source: str) -> None:
    made = victim.folder / "made-by-a-shell"
    headers = victim.bearer(can="admin") | {"Content-Type": "application/json"}
    body = json.dumps({"source": source.replace("CANARY", str(made))}).encode()
    answer = victim.ask("/api/channels/evil", "PUT", headers, body)
    assert answer.status == 400, answer
    assert victim.ask("/api/channels/evil").status == 404
    assert only_workers(victim)
    assert not made.exists()


@pytest.mark.parametrize("name", ["$(id)", "a;id", "a|id", "a`id`", "a b", "a'b", "..", "a/b"])
def test_a_name_that_is_none_starts_nothing(victim: Victim, name: str) -> None:
    headers = victim.bearer(can="admin") | {"Content-Type": "application/json"}
    body = b'{"source": "publish:"}'
    path = f"/api/channels/{quote(name, safe='')}"
    assert victim.ask(path, "PUT", headers, body).status in (400, 403, 404)
    assert only_workers(victim)


def test_another_program_would_be_seen(victim: Victim) -> None:
    worker, *_ = wait_until(lambda: victim.running.workers)
    assert is_ours(worker)
    with subprocess.Popen(["sleep", "60"]) as other:
        try:
            assert not is_ours(other.pid)
        finally:
            other.kill()


def only_workers(victim: Victim) -> bool:
    """Whether the hub has started nothing but processes of its own."""
    return all(map(is_ours, victim.running.workers))


def is_ours(process: int) -> bool:
    """Whether it runs Python with a module of ours, or has gone by now."""
    words = wait_until(lambda: command(process))
    return words == [GONE] or any(word.startswith(b"televise") for word in words)


def command(process: int) -> list[bytes]:
    """Its words; none while it is about to run what it was started for."""
    try:
        line = Path(f"/proc/{process}/cmdline").read_bytes()
        status = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return [GONE]
    if status.rpartition(")")[2].split()[0] in "ZX":
        return [GONE]
    return line.split(b"\0") if line else []
