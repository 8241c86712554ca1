"""T6: no request makes the hub start a program, open a file or give an argument to FFmpeg."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.attacks.victim import Victim, attacked
from tests.conftest import Needs
from tests.support.trace import Trace
from tests.support.waiting import wait_until

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


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory, needs: Needs) -> Trace:
    """Of all programs that the victim starts."""
    return Trace(needs("strace"), tmp_path_factory.mktemp("trace") / "started")


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory, trace: Trace) -> Iterator[Victim]:
    """One of its own."""
    with attacked(tmp_path_factory.mktemp("victim"), before=trace.before) as traced:
        yield traced
    assert trace.others == [], "nor later"


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_that_is_none_starts_nothing(victim: Victim, trace: Trace, source: str) -> None:
    made = victim.folder / "made-by-a-shell"
    headers = victim.bearer(can="admin") | {"Content-Type": "application/json"}
    body = json.dumps({"source": source.replace("CANARY", str(made))}).encode()
    answer = victim.ask("/api/channels/evil", "PUT", headers, body)
    assert answer.status == 400, answer
    assert victim.ask("/api/channels/evil").status == 404
    assert trace.others == []
    assert not made.exists()


@pytest.mark.parametrize("name", ["$(id)", "a;id", "a|id", "a`id`", "a b", "a'b", "..", "a/b"])
def test_a_name_that_is_none_starts_nothing(victim: Victim, trace: Trace, name: str) -> None:
    headers = victim.bearer(can="admin") | {"Content-Type": "application/json"}
    body = b'{"source": "publish:"}'
    path = f"/api/channels/{quote(name, safe='')}"
    assert victim.ask(path, "PUT", headers, body).status in (400, 403, 404)
    assert trace.others == []


def test_another_program_would_be_seen(
    victim: Victim, trace: Trace, needs: Needs, tmp_path: Path
) -> None:
    """However short it lives, and whoever starts it; and the victim's workers are seen."""
    assert wait_until(lambda: any("televise.media" in each for each in trace.started))
    other = Trace(needs("strace"), tmp_path / "started")
    subprocess.run([*other.before, "sh", "-c", "(true; exec env true) & wait"], check=True)
    wait_until(lambda: len(other.others) >= 3)
    assert '["sh", "-c"' in other.others[0]
    assert '["env", "true"]' in other.others[1]
