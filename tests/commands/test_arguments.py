"""What other users of the machine see of our command line."""

import secrets
import subprocess
from pathlib import Path

import aiohttp
import pytest

from televise.commands.arguments import covered, places
from televise.model.source import parse_source
from tests.sources.web_server import WebServer, status
from tests.support.process import televise
from tests.support.waiting import until

SECRET = "s3cr3t"
SOURCES = [
    f"a=rtsp://admin:{SECRET}@127.0.0.1:9/live",
    f"b=rtsp://{SECRET}@127.0.0.1:9/live",
    f"c=rtmp://127.0.0.1:9/live/{SECRET}",
    f"d=rtmps://127.0.0.1:9/live/{SECRET}?key={SECRET}",
    f"e=http://127.0.0.1:9/a.ts?key={SECRET}",
    f"f=https://u:{SECRET}@127.0.0.1:9/a.ts",
    f"g=srt://127.0.0.1:9?passphrase={SECRET}{SECRET}",
    f"h=udp://127.0.0.1:23987?key={SECRET}",
    f"i=rtsps://admin:{SECRET}@127.0.0.1:9/live",
]


def command_lines() -> str:
    """As `ps axww` and the files below /proc show them."""
    listed = subprocess.run(["ps", "axww"], capture_output=True, text=True, check=True).stdout
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            listed += path.read_bytes().replace(b"\0", b"\n").decode(errors="replace")
        except OSError:
            continue  # it has ended
    return listed


def test_no_secret_of_a_source_is_in_any_command_line(tmp_path: Path) -> None:
    # Other tests, at the same time, have secrets that can be seen until Python has started.
    secret = secrets.token_hex(8)
    sources = [source.replace(SECRET, secret) for source in SOURCES]
    with televise(*sources, log=tmp_path / "log"):
        seen = command_lines()
    assert "a=rtsp://***@127.0.0.1:9/live" in seen
    assert secret not in seen


async def test_no_secret_is_in_the_log_or_in_any_answer(tmp_path: Path) -> None:
    """Every source fails, each in its own way."""
    with televise(*SOURCES, log=tmp_path / "log") as hub:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{hub.port}") as client:
            # All but UDP, which waits for somebody to send.
            await until(lambda: sum("is offline" in line for line in hub.lines()) >= 8)
            heard = [hub.greeting, hub.lines()]
            for path in ("/", "/a", "/g", "/api/channels", "/api/channels/d", "/metrics"):
                response = await client.get(path)
                assert response.status == 200
                heard.append([await response.text(), str(response.headers)])
    text = str([*heard, (tmp_path / "log").read_text()])
    assert "***@127.0.0.1:9/live: connection refused" in text
    assert SECRET not in text


def test_nothing_else_is_written_over(tmp_path: Path) -> None:
    with WebServer(status(404)) as server:
        source = f"cam={server.url('/a', f'u:{SECRET}@')}"
        with televise(source, "pattern:?fps=5", "--max-viewers", "77", log=tmp_path / "log") as hub:
            line = Path(f"/proc/{hub.process.pid}/cmdline").read_bytes().split(b"\0")
    assert line[-5] == f"cam={server.url('/a', '***@')}".encode().ljust(len(source))
    assert line[-4:] == [b"pattern:?fps=5", b"--max-viewers", b"77", b""]


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_shown_instead_has_the_same_length(source: str) -> None:
    spec = parse_source(source)
    assert len(covered(spec)) == len(spec.text.encode())
    assert SECRET.encode() not in covered(spec)


def test_where_an_argument_ends_with_a_text() -> None:
    arguments = b"televise\0a=x://u:p@h\0x://u:p@h\0x://u:p@h/more\0"
    assert [arguments[place:][:9] for place in places(arguments, b"x://u:p@h")] == [
        b"x://u:p@h"
    ] * 2
    assert places(arguments, b"x://u:p@h") == [11, 21]
