"""``televise token`` as a user runs it."""

import json
import stat
import time
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest

from televise.web.keys import Grant, Keys
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
        (["cam", "--url", "tv.example"], "--url tv.example: write it as in"),
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
