"""The command as users type it: what is wrong is said in one line, with exit code 2."""

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import televise
from televise.cli import build_parser, main, parse
from televise.errors import InputError
from tests.support.process import run
from tests.support.server import SOURCE_FOLDER

BAD = {
    "unknown scheme": (
        ["ftp://host/film.mp4"],
        "unknown source scheme ftp://: use a file, pattern:",
    ),
    "unknown kind": (["v4l2:/dev/video0"], "unknown source 'v4l2:/dev/video0': use a file"),
    "command": (["exec:ls"], "unknown source 'exec:ls'"),
    "ffmpeg's concat": (["concat:a|b"], "unknown source"),
    "missing file": (["{tmp}/missing.mp4"], "{tmp}/missing.mp4: there is no such file"),
    "directory": (["{tmp}"], "{tmp}: is a directory; give a media file"),
    "text file": (["{text}"], "{text}: not a media file or stream that can be read"),
    "empty file": (["{empty}"], "{empty}: not a media file or stream that can be read"),
    "one of two": (["a=pattern:", "b={text}"], "{text}: not a media file"),
    "playlist": (["{playlist}"], "{playlist}: not a "),
    "no source": (["cam="], "'cam=' names no source: write NAME=SOURCE"),
    "empty": ([""], "an empty source"),
    "bad name": (["front door=pattern:"], "bad channel name 'front door': use 1 to 64 letters"),
    "long name": (["a" * 65 + "=pattern:"], "use 1 to 64 letters"),
    "reserved": (["api=pattern:"], "channel name 'api' is reserved: choose another, as in api-1"),
    "two lines": (["no\nsuch.mp4"], r"no\nsuch.mp4: there is no such file"),
    "twice": (["cam=pattern:", "cam=pattern:"], "two channels are named 'cam': name one"),
    "same film": (["{text}", "{text}"], "two channels are named 'text': name one, as in other="),
    "standard input twice": (["a=-", "b=-"], "only one standard input: give '-' once"),
    "size": (["pattern:?size=big"], "size=big: write WIDTHxHEIGHT, as in size=1280x720"),
    "odd size": (["pattern:?size=161x120"], "size=161x120: even numbers"),
    "huge size": (["pattern:?size=64000x64000"], "size=64000x64000: even numbers from 160x120"),
    "fps": (["pattern:?fps=0"], "fps=0: pictures per second, a number from 1 to 120"),
    "fps text": (["pattern:?fps=fast"], "fps=fast: pictures per second"),
    "tone": (["pattern:?tone=1"], "tone=1: hertz, a number from 20 to 20000"),
    "pattern option": (["pattern:?colour=red"], "no option 'colour'; it knows size, fps and tone"),
    "no host": (["rtsp:///stream"], "rtsp:// needs a host, as in rtsp://camera.local/stream"),
    "bad port of URL": (["http://host:port/"], "bad URL"),
    "option": (["--colour", "red"], "unrecognized arguments: --colour"),
    "port text": (["--port", "http"], "'http' is no port: a number from 0 to 65535"),
    "port range": (["--port", "65536"], "'65536' is no port: a number from 0 to 65535"),
    "port negative": (["--port=-1"], "'-1' is no port"),
    "port missing": (["--port"], "argument --port: expected one argument"),
    "viewers": (["--max-viewers", "0"], "'0': a whole number above 0"),
    "too few pixels": (["--max-pixels", "1"], "'1': a whole number from 4096 to 33554432"),
    "too long messages": (["--max-message-megabytes", "16"], "'16': a whole number from 1 to 15"),
    "viewers per address": (["--max-viewers-per-address", "x"], "'x': a whole number above 0"),
    "origin": (["--origin", "example.org"], "write scheme and host, as in https://example.org"),
    "host": (["--host", "no.such.host.invalid", "--insecure"], "no such address on this machine"),
    "beyond loopback": (["--host", "0.0.0.0"], "--host 0.0.0.0 lets everybody in your network"),
    "beyond loopback 6": (
        ["--host", "::"],
        "add --private, so that they need a key, or --insecure",
    ),
    "everywhere": (["--host", ""], "add --private"),
    "no certificate": (["--tls-cert", "{tmp}/none.pem"], "none.pem: No such file"),
    "bad certificate": (["--tls-cert", "{text}"], "text.mp4: is no PEM of such, with its key"),
    "bad RTMP port": (["--rtmp", "x"], "from 0 to 65535, or off"),
    "replay": (["--replay", "900s"], "--replay: 900s: at most 300s: nobody can look back further"),
    "key alone": (["--tls-key", "{text}"], "--tls-key is for a certificate: add --tls-cert FILE"),
    "client ca alone": (["--tls-client-ca", "{text}"], "add --tls-cert FILE"),
    "upstream key alone": (["--upstream-key", "{text}"], "add --upstream-cert FILE"),
    "upstream ca": (["--upstream-ca", "{text}"], "--upstream-ca {text}"),
    "proxy": (["--trusted-proxy", "everyone"], "'everyone': an address or a network"),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sources")
    text, empty, playlist = folder / "text.mp4", folder / "empty.mp4", folder / "list.m3u8"
    text.write_text("These are only words.\n" * 100)
    empty.touch()
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{text}\n")
    return {"tmp": folder, "text": text, "empty": empty, "playlist": playlist}


@pytest.mark.parametrize(("arguments", "expected"), BAD.values(), ids=list(BAD))
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], expected: str, places: dict[str, Path]
) -> None:
    typed = [argument.format(**places) for argument in arguments]
    port = [] if any("--port" in argument for argument in typed) else ["--port", "0"]
    ended = run("serve", *port, *typed)
    assert ended.returncode == 2, ended
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("televise: ")
    assert expected.format(**places) in lines[0]
    assert lines[0].isprintable()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_in_use_is_named_with_another(taken: int) -> None:
    ended = run("serve", "--port", str(taken), "pattern:")
    assert ended.returncode == 2
    assert ended.stderr == (
        f"televise: port {taken} is in use: choose another, as in --port {taken + 1}\n"
    )
    assert ended.stdout == ""


def test_no_password_is_in_any_complaint() -> None:
    camera = "rtsp://root:s3cr3t@camera:port/stream"
    for arguments in ([camera], [f"cam={camera}"], [f"bad name={camera}"]):
        ended = run("serve", "--port", "0", *arguments)
        assert ended.returncode == 2
        assert "s3cr3t" not in ended.stderr + ended.stdout


@pytest.mark.parametrize("arguments", [[], ["watch"], ["serve", "--no-such"], ["--no-such"]])
def test_a_wrong_command_says_where_help_is(arguments: list[str]) -> None:
    ended = run(*arguments)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert re.search(r"\(see televise( serve)? --help\)$", ended.stderr.rstrip())


def test_version_and_help() -> None:
    version = run("--version")
    assert (version.returncode, version.stdout) == (0, f"televise {televise.__version__}\n")
    help_ = run("serve", "--help")
    assert help_.returncode == 0
    for word in ("--host", "--port", "--insecure", "--origin", "--max-viewers", "pattern:", "rtsp"):
        assert word in help_.stdout


@pytest.mark.parametrize("module", ["argparse", "aiohttp"])
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["serve"], 0),
        (["push", "pattern:", "http://127.0.0.1:9/cam"], 0),
        (["viewers", "http://127.0.0.1:9"], 130),
    ],
    ids=["serve", "push", "viewers"],
)
def test_ctrl_c_while_it_starts_needs_no_words(
    command: list[str], code: int, module: str, tmp_path: Path
) -> None:
    """It comes while this module is being read."""
    interrupt = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)\n"
    (tmp_path / f"{module}.py").write_text(interrupt)
    ended = run(*command, PYTHONPATH=f"{tmp_path}{os.pathsep}{SOURCE_FOLDER}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


def test_help_is_shown_without_loading_the_server() -> None:
    """Nobody waits for aiohttp to read what the options are."""
    ended = run("--help", PYTHONPROFILEIMPORTTIME="1")
    assert ended.returncode == 0
    assert "televise.cli" in ended.stderr, "imports are listed"
    assert "aiohttp" not in ended.stderr


def test_main_returns_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "ftp://x/y"]) == 2
    assert capsys.readouterr().err.startswith("televise: unknown source scheme ftp://")


def test_what_is_typed_without_options() -> None:
    options = build_parser().parse_args(["serve"])
    assert (options.sources, options.local) == ([], False)
    written = {key: value for key, value in vars(options).items() if value is not None}
    assert written.keys() == {"run", "sources", "node", "local"}, "what is not written is no option"


def test_a_host_may_be_written_as_in_a_url() -> None:
    assert parse(["serve", "--host", "[::1]"]).host == "::1"


def test_options_may_stand_between_sources() -> None:
    options = parse(["serve", "a=pattern:", "--port", "0", "b=-", "--rtmp", "0", "-"])
    assert (options.sources, options.port) == (["a=pattern:", "b=-", "-"], 0)
    for wrong in (["serve", "a=pattern:", "--rtmp", "0", "b", "--what"], ["viewers", "u", "v"]):
        with pytest.raises(InputError, match="unrecognized arguments: "):
            parse(wrong)


def test_behind_two_dashes_there_are_no_options() -> None:
    for typed in (["a", "--port", "0", "--", "-b.mp4"], ["--port", "0", "--", "a", "-b.mp4"]):
        assert parse(["serve", *typed]).sources == ["a", "-b.mp4"]
    with pytest.raises(InputError, match="unrecognized arguments: --what"):
        parse(["serve", "a", "--port", "0", "--what", "--", "-b.mp4"])


def test_the_parser_raises_our_own_error() -> None:
    with pytest.raises(InputError, match="invalid choice"):
        build_parser().parse_args(["dance"])
