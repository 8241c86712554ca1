"""What files say: the hubs that they describe, and what is wrong with them, line and key named."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.config.channels import Named
from televise.config.file import parse_file
from televise.config.keys import KEYS
from televise.config.plan import Plan, Wanted
from televise.dialects import DialectSpec
from televise.errors import InputError
from televise.hub.policy import Policy
from televise.model.source import parse_source
from televise.settings import LIMITS, Settings
from televise.web.trust.certificate import Certificate, client_context
from televise.web.trust.proxies import parse_network
from tests.conftest import ROOT, Needs
from tests.sources.tls_server import make_certificate

BAD = {
    "no TOML": ('host = "a"\nport = = 1', "2: invalid value: write TOML, as in host ="),
    "twice": ("port = 1\nport = 2", "2: port: it stands on line 1 already: write it once"),
    "twice, over lines": (
        'host = "h"\norigins = []\norigins = [\n]',
        "4: origins: it stands on line 2 already: write it once",
    ),
    "a table twice": (
        "[nodes.a]\n[nodes.b]\n[nodes.a]",
        "3: nodes.a: it stands on line 1 already: write it once",
    ),
    "ends too early": ("port = 1\nbus = [", "2: "),
    "unknown": ("\nprot = 1", "2: prot: there is no such key; port is meant?"),
    "unknown to all": ("zebra = 1", "1: zebra: there is no such key; there is host, port"),
    "text": ("host = 1", "1: host: 1 is no text: write it in quotes"),
    "flag": ("insecure = 1", "1: insecure: 1: write true or false"),
    "port": ("port = 70000", "1: port: 70000: a port is a number from 0 to 65535"),
    "port as text": ('port = "80"', "1: port: '80': a port is a number"),
    "port as flag": ("port = true", "1: port: true: a port is a number"),
    "rtmp": ('rtmp = "on"', "1: rtmp: 'on': a port is a number from 0 to 65535; or \"off\""),
    "count": ("max_viewers = 0", "1: max_viewers: 0: write a whole number above 0"),
    "time": ("replay = 60", "1: replay: 60: write a time with its unit, in quotes"),
    "too long ago": ('replay = "6m"', "1: replay: 6m: at most 300s: nobody can look back"),
    "too long ago for one": (
        '[channels.a]\nsource = "pattern:"\nreplay = "301s"',
        "3: channels.a.replay: 301s: at most 300s: nobody can look back",
    ),
    "time unit": ('replay = "60"', "1: replay: '60': a time with its unit, as in 90s"),
    "no list": ('origins = "https://a.example"', "is no list: write it as in origins = ["),
    "origin": ('origins = [\n"a.example"]', "1: origins: 'a.example': write scheme and host"),
    "dialect": ('dialects = ["x"]', "1: dialects: 'x': no dialect is named so; known: gif"),
    "dialect's port": ('dialects = ["mjpg_streamer"]', "1: dialects: dialect mjpg_streamer and"),
    "dialect's channel": (
        'dialects = ["flask=door"]\n[channels]\na = "pattern:"',
        "1: dialects: no channel 'door'; there is: a",
    ),
    "bus": ('bus = "http://u:s3cr3t@h"', "1: bus: write it as in nats://bus.example:4222"),
    "upstream": ('upstreams = ["u:s3cr3t@h"]', "1: upstreams: "),
    "upstream URL": ('upstreams = ["ftp://h?token=s3cr3t"]', "1: upstreams: 'ftp://h': write it"),
    "beyond loopback": ('\nhost = "0.0.0.0"', "2: host: 0.0.0.0 lets everybody in your network"),
    "environment": ('bus = "${NO_SUCH}"', "1: bus: ${NO_SUCH} is not in the environment: set it"),
    "channels": ('channels = ["pattern:"]', "1: channels: write a table, as in [channels]"),
    "source": ("[channels]\ncam = 1", "2: channels.cam: 1 is no source: write text"),
    "no source": ('[channels.cam]\nreplay = "1s"', "1: channels.cam: it has no source: write"),
    "source's scheme": (
        '[channels]\n\ncam = "ftp://h/x"',
        "3: channels.cam: unknown source scheme",
    ),
    "source's option": ('channels.cam = "pattern:?x=1"', "1: channels.cam: pattern: has no option"),
    "missing file": ('channels.cam = "no.mp4"', "1: channels.cam: {folder}/no.mp4: there is no"),
    "NUL": (r'channels.cam = "no\u0000.mp4"', "1: channels.cam: {folder}/no"),
    "channel's name": ('channels."a b" = "pattern:"', "1: channels.a b: bad channel name 'a b'"),
    "lines in it": (r'channels."a\nb" = "x\ny"', r"1: channels.a\nb: bad channel name 'a\nb'"),
    "reserved": ('channels.api = "pattern:"', "1: channels.api: channel name 'api' is reserved"),
    "channel's key": (
        '[channels.cam]\nsource = "pattern:"\nfps = 5',
        "3: channels.cam.fps: a channel has no such key; it has source and replay",
    ),
    "channel's replay": (
        '[channels.cam]\nsource = "pattern:"\nreplay = 5',
        "3: channels.cam.replay: 5: write a time",
    ),
    "folders' replay": (
        '[channels.all]\nsource = "dir:x/*"\nreplay = "5m"',
        "3: channels.all.replay: channels of sub-directories have that of the server",
    ),
    "nameless": (
        'channels."*" = "pattern:"',
        "1: channels.*: only sub-directories name themselves",
    ),
    "standard input": ('channels.cam = "-"', "1: channels.cam: - is standard input"),
    "no nodes": ("nodes = {}", "1: nodes: write a table for each, as in [nodes.edge]"),
    "a node": ("[nodes]\na = 1", "2: nodes.a: write a table, as in [nodes.a]"),
    "node's name": ('[nodes."a b"]', "1: nodes.a b: name it with letters, digits"),
    "node's key": ("[nodes.a]\nprot = 1", "2: nodes.a.prot: there is no such key; port is meant?"),
    "node's port": ("[nodes.a]\nport = -1", "2: nodes.a.port: -1: a port is a number"),
    "node's address": ('[nodes.a]\naddress = "http://a"', "2: nodes.a.address: 'http://a': write"),
    "address of one": ('address = "a.example"', "1: address: there is no such key"),
    "channels for all": (
        'channels.cam = "pattern:"\n[nodes.a]',
        "1: channels: that is of one node: write it below [nodes.NAME]",
    ),
    "upstream's name": (
        '[nodes.a]\nupstreams = ["c"]\n[nodes.b]',
        "2: nodes.a.upstreams: no other node is named 'c': there is b; or write a URL",
    ),
    "itself": ('[nodes.a]\nupstreams = ["a"]', "2: nodes.a.upstreams: no other node is named 'a'"),
    "any port": (
        '[nodes.a]\nupstreams = ["b"]\n[nodes.b]\nport = 0',
        "4: nodes.b.port: others must know it: write a number above 0",
    ),
    "certificate": ('\ntls_cert = "nope.pem"', "2: tls_cert: {folder}/nope.pem: No such file"),
    "upstream's certificate": (
        'upstream_ca = "nope.pem"',
        "1: upstream_ca: {folder}/nope.pem: No such file",
    ),
    "too many processes": ("workers = 100", "1: workers: 100: 64 at most, as in one for each"),
    "too many for a node": (
        "[nodes.a]\nworkers = 100",
        "2: nodes.a.workers: 100: 64 at most, as in one for each",
    ),
    "no number of viewers": ("max_viewers = 0", "1: max_viewers: 0: write a whole number above 0"),
    "too few pixels": (
        "max_pixels = 1",
        "1: max_pixels: 1: write a whole number from 4096 to 33554432",
    ),
    "too many megabytes": (
        "\nmax_message_megabytes = 16",
        "2: max_message_megabytes: 16: write a whole number from 1 to 15",
    ),
    "half a line": (
        "max_log_lines = 0.5",
        "1: max_log_lines: 0.5: write a whole number from 1 to 100000",
    ),
    "key file": ('key_file = "."', "1: key_file: {folder}: the key file cannot be read: Is a"),
    "upstream with a space": (
        'upstreams = ["http://x y"]',
        "1: upstreams: 'http://x y': write it as in ws://hub.example:8080?token=KEY",
    ),
    "host of all": ('host = "::"\n[nodes.a]', "1: host: :: lets everybody in your network watch"),
}


def plan(folder: Path, text: str, node: str = "", *, local: bool = False, **given: Any) -> Plan:
    path = folder / "televise.toml"
    path.write_text(text)
    return Wanted(given, path, node, local=local).plan()


@pytest.mark.parametrize(("text", "expected"), BAD.values(), ids=list(BAD))
def test_what_is_wrong_has_its_line_and_key(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        plan(tmp_path, text, "a" if "nodes" in text and "[nodes]" not in text else "")
    said = str(caught.value)
    place = f"{tmp_path}/televise.toml:"
    assert said.startswith(place)
    assert expected.replace("{folder}", str(tmp_path)) in said.removeprefix(place)
    assert "\n" not in said
    assert "s3cr3t" not in said


def test_what_is_wrong_with_an_option_is_told_with_the_option(tmp_path: Path) -> None:
    missing = tmp_path / "nope.pem"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"tls_cert": missing}, f"--tls-cert {missing}: No such file"),
        ({"workers": 100}, "--workers 100: 64 at most"),
        ({"key_file": tmp_path}, f"--key-file {tmp_path}: the key file cannot be read: Is a"),
    ]
    for options, expected in wrong:
        with pytest.raises(InputError) as caught:
            plan(tmp_path, "workers = 2", **options)
        assert str(caught.value).startswith(expected)


def test_no_file_and_no_text(tmp_path: Path) -> None:
    path = tmp_path / "televise.toml"
    with pytest.raises(InputError, match=r"televise\.toml: cannot be read: No such file"):
        Wanted({}, path).plan()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8: save it as that"):
        Wanted({}, path).plan()
    path.write_bytes(b"\xef\xbb\xbfport = 1\r\n")
    assert Wanted({}, path).plan().settings.port == 1


@given(
    st.text() | st.builds(lambda key, value: f"{key} = {value}", st.sampled_from(KEYS), st.text())
)
def test_whatever_is_written_is_understood_or_refused(text: str) -> None:
    said = refusal(text)
    assert not said or (said.startswith("t.toml:") and said.isprintable())


def refusal(text: str) -> str:
    try:
        parse_file("t.toml", text, Path("/"))
    except InputError as error:
        return str(error)
    return ""


def test_a_host_may_be_written_as_in_a_url(tmp_path: Path) -> None:
    assert plan(tmp_path, 'host = "[::1]"').settings.host == "::1"
    node = plan(tmp_path, '[nodes.a]\naddress = "[FD00::3]"', "a")
    assert node.settings.names == ("fd00::3",)


def test_an_empty_file_is_no_file(tmp_path: Path) -> None:
    alone = Wanted({}).plan()
    assert plan(tmp_path, "") == alone
    assert [spec.text for spec in alone.specs] == ["pattern:"]
    assert alone.settings == replace(Settings(), upstreams=[])


ALL = """
host = "0.0.0.0"
port = 81
insecure = true
origins = ["HTTPS://Example.org:443"]
dialects = ["flask=cam@5001,static=pages"]
workers = 2
max_viewers = 7
max_viewers_per_address = 3
max_viewers_per_channel = 4
max_connections_per_address = 5
max_renditions = 6
max_megapixels = 70
max_publishers = 8
max_megabytes = 90
max_header_kilobytes = 11
max_body_kilobytes = 12
max_picture_megabytes = 13
max_message_megabytes = 14
max_pixels = 15000
max_replay_megabytes = 16
max_log_lines = 17
replay = "2m"
rtmp = "off"
new_channels = true
key_file = "keys/one"
private = true
tls_cert = "certificate.pem"
tls_key = "key.pem"
tls_client_ca = "certificate.pem"
trusted_proxies = ["10.0.0.0/8"]
source_networks = ["192.168.1.0/24"]
upstream_ca = "certificate.pem"
upstream_cert = "certificate.pem"
upstream_key = "key.pem"
upstreams = ["http://hub.example:8080?token=${A_KEY}"]
bus = "nats://hub:secret@bus.example"

[channels]
cam = "rtsp://ann:pass@camera.example/stream"
all = "dir:my frames/*?fps=5"
"*" = "dir:/frames/*"
file = "a film.mp4"

[channels.slow]
source = "pattern:?fps=5"
replay = "5m"
"""


def test_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needs: Needs) -> None:
    certificate, key = make_certificate(needs("openssl"), tmp_path)
    monkeypatch.setenv("A_KEY", "k")
    (tmp_path / "a film.mp4").touch()
    found = plan(tmp_path, ALL)
    settings = found.settings
    assert all(f"\n{key} = " in ALL or key == "channels" for key in KEYS), "this test is of all"
    assert (settings.host, settings.port, settings.key_file) == (
        "0.0.0.0",
        81,
        tmp_path / "keys/one",
    )
    assert (settings.private, settings.proxies) == (True, (parse_network("10.0.0.0/8"),))
    assert settings.source_networks == [parse_network("192.168.1.0/24")]
    assert settings.certificate == Certificate(certificate, key, certificate)
    assert settings.upstream_context is client_context(certificate, certificate, key)
    assert [getattr(settings, name) for name in LIMITS] == [
        *(7, 3, 4, 5, 6, 70, 8, 90),
        *(11, 12, 13, 14, 15_000, 16, 17),
    ]
    assert settings.workers == 2
    assert (settings.origins, settings.rtmp_port) == (["https://example.org"], -1)
    assert (settings.new_channels, settings.bus) == (True, "nats://hub:secret@bus.example")
    assert [each.key for each in settings.upstreams] == [("ws://hub.example:8080", "k")]
    assert list(settings.dialects) == [DialectSpec("flask", "cam", 5001, tmp_path / "pages")]
    assert settings.policy == Policy(120, keep_open=True)
    assert settings.policies == {"slow": Policy(300, keep_open=True)}
    assert [(spec.name, spec.kind, spec.text) for spec in found.specs] == [
        ("cam", "pull", "rtsp://ann:pass@camera.example/stream"),
        ("all", "directories", f"dir:{tmp_path}/my%20frames/*?fps=5"),
        ("", "directories", "dir:/frames/*"),
        ("file", "file", f"{tmp_path}/a film.mp4"),
        ("slow", "pattern", "pattern:?fps=5"),
    ]
    assert "pass" not in found.specs[0].shown


def test_options_go_before(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "port": 9000,
        "origins": [],
        "channels": [Named(parse_source(each)) for each in ("b=pattern:?fps=9", "c=pattern:")],
    }
    text = 'port = 81\norigins = ["https://a.example"]\nmax_viewers = 5\n'
    text += '[channels]\na = "pattern:"\n[channels.b]\nsource = "pattern:"\nreplay = "1m"'
    found = plan(tmp_path, text, **given)
    assert (found.settings.port, found.settings.max_viewers) == (9000, 5)
    assert (found.settings.origins, found.settings.policies) == ([], {})
    assert [f"{spec.name}={spec.text}" for spec in found.specs] == [
        *("a=pattern:", "b=pattern:?fps=9", "c=pattern:")
    ]
    with pytest.raises(
        InputError, match=r"^--host 0.0.0.0 lets everybody .* add --private, .* or --insecure"
    ):
        plan(tmp_path, "port = 1", host="0.0.0.0")
    assert plan(tmp_path, "insecure = true", host="0.0.0.0").settings.host == "0.0.0.0"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ('dialects = ["flask"]', 30),
        ('dialects = ["flask", "live_thumb"]', 60),
        ('dialects = ["live_thumb"]\nreplay = "20s"', 20),
    ],
)
def test_a_dialect_keeps_what_its_original_kept(text: str, seconds: int, tmp_path: Path) -> None:
    assert plan(tmp_path, text).settings.policy.replay_seconds == seconds


def test_each_setting_can_be_said() -> None:
    """Nothing is forgotten when settings get another field."""
    others = {"policy": "replay", "policies": "channels", "rtmp_port": "rtmp", "names": "address"}
    others |= {"certificate": "tls_cert", "upstream_context": "upstream_cert"}
    others |= {"proxies": "trusted_proxies"}
    said = {others.get(field.name, field.name) for field in fields(Settings)}
    assert said - {"same_site", "address", "name"} <= set(KEYS)


def test_each_key_is_documented() -> None:
    """Those of limits on the page of limits, which all of them have in common."""
    reference = ROOT / "docs" / "reference"
    page = (reference / "configuration.md").read_text()
    limits = (reference / "limits.md").read_text()
    others = [key for key in (*KEYS, "nodes", "address") if key not in LIMITS]
    assert [key for key in others if f"| `{key}` |" not in page] == []
    assert [key for key in LIMITS if f"| `{key.removeprefix('max_')}` |" not in limits] == []
