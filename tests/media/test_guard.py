"""What strangers may have fetched: nothing that only this machine or its neighbours can reach."""

import ipaddress
import socket
from collections.abc import Iterator

import pytest

from televise.errors import InputError, SourceError
from televise.media import guard, http_stream
from televise.media.guard import check_addresses, is_public
from televise.media.http_stream import HttpStream, dial, dial_public
from televise.model.source import parse_guarded, parse_opened, parse_source
from tests.sources.web_server import WebServer, content, status

# All lead to this machine, its network, or nowhere that anybody else could reach.
PRIVATE = [
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1",
    "0177.0.0.1", "017700000001", "0x7f.0x0.0x0.0x1", "0", "0.0.0.0", "0x0", "localhost",
    "LOCALHOST", "10.0.0.1", "10.1", "172.16.0.1", "172.31.255.255", "192.168.0.1",
    "192.168.257", "0xc0a80001", "3232235521", "169.254.169.254", "2852039166", "0xa9fea9fe",
    "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
    "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "0:0:0:0:0:ffff:169.254.169.254",
    "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1",
    "2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:db8::1", "fe80::1",
    "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "ff0e::1", "100::1", "fe80::1%lo",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808",
          "2002:808:808::1"]  # fmt: skip


def system(host: str, port: int) -> list[str]:
    """The system's own understanding of a host, without asking anybody."""
    flags = 0 if host.lower().startswith("localhost") else socket.AI_NUMERICHOST
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except socket.gaierror:
        return [host]
    return [str(address[0]) for *_, address in found]


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_refused(host: str) -> None:
    with pytest.raises(SourceError, match="is not a public address"):
        check_addresses(host, 80, system)


@pytest.mark.parametrize("host", PUBLIC)
def test_public_addresses_are_not(host: str) -> None:
    (found,) = check_addresses(host, 80, system)
    assert ipaddress.ip_address(found) == ipaddress.ip_address(host)


def test_one_private_address_among_others_is_enough() -> None:
    with pytest.raises(SourceError, match=r"example\.com is not a public address"):
        check_addresses("example.com", 80, lambda host, port: ["1.1.1.1", "10.0.0.1"])
    with pytest.raises(SourceError):
        check_addresses("example.com", 80, lambda host, port: [])
    assert not is_public("169.254.169.254")


@pytest.fixture
def canary() -> Iterator[WebServer]:
    with WebServer(content(b"secret", "text/plain")) as server:
        yield server


def test_the_canary_sings(canary: WebServer) -> None:
    with HttpStream(canary.url("/a"), "shown", dial) as stream:
        assert stream.read(100) == b"secret"
    assert canary.paths == ["/a"]


@pytest.mark.parametrize("host", [host for host in PRIVATE if "%" not in host])
def test_the_canary_is_not_reached(host: str, canary: WebServer) -> None:
    place = f"[{host}]" if ":" in host else host
    url = canary.url("/a").replace("127.0.0.1", place)
    with pytest.raises(SourceError, match=r"^shown: .* is not a public address"):
        HttpStream(url, "shown", dial_public)
    assert canary.paths == []


def pretend(monkeypatch: pytest.MonkeyPatch, server: WebServer) -> list[str]:
    """1.1.1.1 is that server; the list is of all addresses that somebody connected to."""
    connected: list[str] = []
    real = socket.create_connection

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address[0])
        host = "127.0.0.1" if address[0] == "1.1.1.1" else address[0]
        return real((host, address[1]), timeout)

    monkeypatch.setattr(socket, "create_connection", connect)
    return connected


@pytest.mark.parametrize("place", ["127.0.0.1", "2130706433", "localhost", "[::ffff:127.0.0.1]"])
def test_each_redirect_is_checked(
    place: str, canary: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = canary.url("/secret").replace("127.0.0.1", place)
    with WebServer(status(302, Location=target)) as door:
        connected = pretend(monkeypatch, door)
        url = door.url("/door").replace("127.0.0.1", "1.1.1.1")
        with pytest.raises(SourceError, match="is not a public address"):
            HttpStream(url, "shown", dial_public)
        assert door.paths == ["/door"]
        assert connected == ["1.1.1.1"]
        # Without the guard it is reached that way.
        HttpStream(door.url("/door"), "shown", dial).read(1)
    assert canary.paths == ["/secret"]


def test_a_name_that_changes_its_address(
    canary: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Public when it is checked, this machine when it is asked for again."""
    answers = iter([["1.1.1.1"], ["127.0.0.1"], ["127.0.0.1"]])
    monkeypatch.setattr(http_stream, "resolve", lambda host, port: next(answers))
    with WebServer(content(b"public", "text/plain")) as public:
        connected = pretend(monkeypatch, public)
        url = public.url("/").replace("127.0.0.1", "rebinding.example")
        with HttpStream(url, "shown", dial_public) as stream:
            assert stream.read(100) == b"public"
        assert connected == ["1.1.1.1"]
        with pytest.raises(SourceError, match="is not a public address"):
            HttpStream(url, "shown", dial_public)
    assert connected == ["1.1.1.1"]


def test_the_system_is_asked_for_names() -> None:
    assert "127.0.0.1" in guard.resolve("127.1", 80)


def test_a_guarded_source_stays_guarded_on_its_way_to_the_worker() -> None:
    spec = parse_guarded("cam=http://u:s3cr3t@example.com/a?b")
    assert (spec.name, spec.shown) == ("cam", "http://***@example.com/a?***")
    assert spec.guarded
    assert parse_opened(f"{spec.name}={spec.text}") == spec
    plain = parse_source("cam=http://example.com/a")
    assert not parse_opened(f"cam={plain.text}").guarded


OTHERS = ["rtsp://a/b", "file:///etc/passwd", "/etc/passwd", "-", "http:a", "pattern:", "a=dir:/",
          "udp://1.1.1.1:1", "srt://1.1.1.1:1"]  # fmt: skip


@pytest.mark.parametrize("text", OTHERS)
def test_only_the_web_can_be_guarded(text: str) -> None:
    with pytest.raises(InputError, match=r"^only http:// and https:// may be named here$"):
        parse_guarded(text)


def test_nobody_types_a_guarded_source() -> None:
    with pytest.raises(InputError, match=r"unknown source scheme guarded\+http://"):
        parse_source("guarded+http://example.com/")


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3", True),
        ("10.2.0.1", False),
        ("fd00::7", True),
        ("fd01::7", False),
        ("127.0.0.1", False),
        ("::ffff:10.1.2.3", False),
        ("1.1.1.1", True),
    ],
)
def test_networks_that_the_operator_names_may_be_reached(address: str, allowed: bool) -> None:
    networks = ["10.1.0.0/16", "fd00::/64"]

    def check() -> list[str]:
        return check_addresses("camera", 80, lambda host, port: [address], networks)

    if allowed:
        assert check() == [address]
    else:
        with pytest.raises(SourceError, match="camera is not a public address"):
            check()


def test_networks_are_known_to_the_worker_too() -> None:
    spec = parse_guarded("cam=http://camera/a+b?c=1,2", ["10.0.0.0/8", "fd00::/64"])
    assert spec.url == "http://camera/a+b?c=1,2"
    opened = parse_opened(f"cam={spec.text}")
    assert (opened.url, opened.networks) == (spec.url, ("10.0.0.0/8", "fd00::/64"))
    assert opened.guarded
