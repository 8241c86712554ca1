"""A program's server that is private: who has a link may watch, and nobody else."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from televise import Server
from televise.errors import UnknownChannel
from tests.support.process import environment

PICTURE = np.zeros((48, 64, 3), np.uint8)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with Server(port=0, host="0.0.0.0", private=True) as running:
        yield running


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url.replace("0.0.0.0", "127.0.0.1")) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_link_is_for_one_channel(server: Server) -> None:
    for name in ("cam", "other"):
        server.channel(name).show(PICTURE)
    link = server.link("cam")
    assert link.startswith(f"{server.url}/cam?token=")
    assert (status(link), status(link.replace("/cam?", "/cam.jpg?"))) == (200, 200)
    assert status(link.replace("/cam?", "/other.jpg?")) in (401, 403)
    assert status(f"{server.url}/cam.jpg") == 401
    with pytest.raises(UnknownChannel):
        server.link("nothing")


def test_its_own_pictures_need_no_link(server: Server) -> None:
    """For a notebook, and for the view of a web framework."""
    channel = server.channel("cam")
    channel.show(PICTURE)
    parts, data = channel.multipart(), b""
    while b"Content-Type: image/jpeg" not in data:
        data += next(parts)
    assert "/cam.mjpg?token=" in channel._repr_html_()
