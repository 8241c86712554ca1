"""``televise token`` as a user runs it."""

import json
import stat
import time
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest

from televise.errors import Unauthorized
from televise.web.trust.keys import Grant, Keys
from tests.support.process import run


def claims(token: str) -> Any:
    middle = token.split(".")[1]
    return json.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def test_a_key_and_its_links(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"
    done = run("token", "cam", TELEVISE_KEY_FILE=str(path))
    assert (done.returncode, done.stderr) == (0, "")
    token, *links = done.stdout.splitlines()
    assert links == [
        f"http://127.0.0.1:8080/cam/publish?token={token}",
        f"http://127.0.0.1:8080/cam.ts?token={token}",
        f"rtmp://127.0.0.1:1935/live/cam?token={token}",
    ]
    assert Keys(path).check(token, "cam", "publish") == Grant("cam", "publish")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert 86_300 < claims(token)["exp"] - time.time() <= 86_400


def test_what_it_allows_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "key"
    options = ["--ttl", "30m", "--take-over", "--key-file", str(path)]
    token = run("token", "*", *options).stdout.strip()
    assert Keys(path).check(token, "cam", "publish") == Grant("*", "publish", take_over=True)
    assert 1700 < claims(token)["exp"] - time.time() <= 1800


def test_where_rtmp_is_taken_can_be_said(tmp_path: Path) -> None:
    options = ["--rtmp", "2935", "--url", "http://hub.example", "--key-file", str(tmp_path / "key")]
    link = run("token", "cam", *options).stdout.splitlines()[-1]
    assert link.startswith("rtmp://hub.example:2935/live/cam?token=")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--ttl", "7d", "--watch", "2h"), "give no less than --ttl"),
        (("--can", "view", "--take-over"), "that is for publish"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    done = run("token", "cam", *options, "--key-file", str(tmp_path / "key"))
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("channel", "can", "link"),
    [
        ("cam", "view", "http://127.0.0.1:8080/cam?token="),
        ("cam*", "view", "http://127.0.0.1:8080/?token="),
        ("*", "relay", "ws://127.0.0.1:8080?token="),
        ("*", "admin", None),
    ],
)
def test_the_link_of_each_right(tmp_path: Path, channel: str, can: str, link: str | None) -> None:
    path = tmp_path / "key"
    options = ["--can", can, "--watch", "3h", "--ttl", "10m", "--viewers", "2"]
    token, *links = run("token", channel, *options, "--key-file", str(path)).stdout.splitlines()
    assert links == ([f"{link}{token}"] if link else [])
    assert Keys(path).verify(token) == Grant(channel, can, viewers=2)
    assert 10_700 < claims(token)["until"] - time.time() <= 10_800


def test_a_code_for_phones(tmp_path: Path) -> None:
    """Where a person reads it, or says so."""
    options = ["token", "cam", "--can", "view", "--key-file", str(tmp_path / "key")]
    assert "█" not in run(*options).stdout
    lines = run(*options, "--qr").stdout.splitlines()
    assert len(lines) > 20
    assert all("█" in line for line in lines[2:-1])
    assert max(map(len, lines[2:])) <= 80


def test_a_key_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "key"
    first, second = (run("token", "cam", "--key-file", str(path)).stdout.split()[0] for _ in "ab")
    for key in (first, claims(second)["jti"]):
        done = run("token", "--revoke", key, "--key-file", str(path))
        assert (done.returncode, done.stderr) == (0, "")
        with pytest.raises(Unauthorized, match="revoked"):
            Keys(path).check(first, "cam", "publish")
    with pytest.raises(Unauthorized, match="revoked"):
        Keys(path).check(second, "cam", "publish")
    assert stat.S_IMODE((tmp_path / "key.revoked").stat().st_mode) == 0o600
    assert first not in (tmp_path / "key.revoked").read_text()
    wrong = run("token", "--revoke", "abc", "--key-file", str(path))
    assert (wrong.returncode, "no key and no identifier" in wrong.stderr) == (2, True)


def test_two_who_revoke_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    """Each of them has read the file before the other writes."""
    first, second = Keys(tmp_path / "key"), Keys(tmp_path / "key")
    for number in range(20):
        (first, second)[number % 2].revoke(f"{number:012x}")
    for keys in (first, second, Keys(tmp_path / "key")):
        keys.revoked.refresh()
        assert all(f"{number:012x}" in keys.revoked for number in range(20))
    path = tmp_path / "key.revoked"
    path.write_text(path.read_text().rstrip())  # as an editor may leave it
    first.revoke("f" * 12)
    assert "f" * 12 in first.revoked
    assert f"{19:012x}" in first.revoked


@pytest.mark.parametrize(
    ("url", "web", "rtmp"),
    [
        ("https://tv.example/", "https://tv.example/cam.ts", "rtmps://tv.example:1935"),
        ("http://[::1]:8080", "http://[::1]:8080/cam.ts", "rtmp://[::1]:1935"),
        ("http://[::1]", "http://[::1]/cam.ts", "rtmp://[::1]:1935"),
    ],
)
def test_links_of_other_places(tmp_path: Path, url: str, web: str, rtmp: str) -> None:
    done = run("token", "cam", "--url", url, TELEVISE_KEY_FILE=str(tmp_path / "key"))
    _, _, first, second = done.stdout.splitlines()
    assert first.startswith(f"{web}?token=")
    assert second.startswith(f"{rtmp}/live/cam?token=")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["no name"], "no name"),
        (["cam", "--can", "fly"], "no such right: fly"),
        (["cam", "--ttl", "5"], "a time with its unit"),
        (["cam", "--ttl", "0s"], "a time with its unit"),
        (["cam", "--ttl", "-5s"], "--ttl"),
        (["cam", "--url", "tv.example"], "--url 'tv.example': write it as in"),
        (["cam", "--url", "http://"], "write it as in"),
        (["cam", "--key-file", "/dev/null/key"], "the key file cannot be"),
        ([], "CHANNEL"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = run("token", *arguments, TELEVISE_KEY_FILE=str(tmp_path / "key"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("televise: ")
    assert told in done.stderr
