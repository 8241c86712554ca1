"""One channel for each sub-directory."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from televise.errors import UnknownChannel
from televise.hub.folders import Folders
from televise.hub.hub import Hub
from televise.hub.policy import Policy
from televise.model.options import parse_directory
from televise.model.source import parse_source
from tests.support.waiting import until


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The warnings."""
    lines: list[str] = []

    def note(event: str, **fields: object) -> None:
        lines.append(f"{event}: {fields['reason']}")

    monkeypatch.setattr("televise.events.warning", note)
    return lines


def names(hub: Hub) -> list[str]:
    return [channel.name for channel in hub.channels]


def made(parent: Path, *subs: str) -> None:
    for sub in subs:
        (parent / sub).mkdir()


async def test_sub_directories_are_channels_with_the_options(tmp_path: Path) -> None:
    made(tmp_path, "door", "yard")
    (tmp_path / "picture.jpg").touch()
    hub = Hub()
    await Folders(hub, parse_source(f"dir:{tmp_path}/*?fps=5&delete=1")).look()
    assert names(hub) == ["door", "yard"]
    spec = hub.channel("yard").spec
    options = parse_directory(spec.text)
    assert (options.path, options.fps, options.delete) == (f"{tmp_path}/yard", 5.0, True)
    assert (spec.kind, hub.channel("yard").state) == ("directory", "idle")


async def test_those_that_are_to_be_kept_open_are_opened(tmp_path: Path) -> None:
    """Else there is no past to look back to."""
    made(tmp_path, "door")
    keeping = Policy(60, keep_open=True)
    hub = Hub(policy=keeping)
    try:
        await Folders(hub, parse_source(f"dir:{tmp_path}/*")).look()
        assert hub.channel("door").state == "connecting"
    finally:
        await hub.close()
    hub = Hub()
    try:
        folders = Folders(hub, parse_source(f"dir:{tmp_path}/*"))
        await folders.look()
        assert hub.channel("door").state == "idle"
        hub.set_policies(keeping, {})
        await folders.keep()
        assert hub.channel("door").state == "connecting"
    finally:
        await hub.close()


async def test_a_name_stands_before_theirs(tmp_path: Path) -> None:
    made(tmp_path, "door")
    hub = Hub()
    await Folders(hub, parse_source(f"home=dir:{tmp_path}/*")).look()
    assert names(hub) == ["home-door"]


async def test_any_path_can_be_written(tmp_path: Path) -> None:
    parent = tmp_path / "50% ü?&=#"
    parent.mkdir()
    made(parent, "door")
    hub = Hub()
    typed = str(parent).replace("%", "%25").replace("?", "%3F")
    await Folders(hub, parse_source(f"dir:{typed}/*?fps=5")).look()
    assert parse_directory(hub.channel("door").spec.text).path == f"{parent}/door"


async def test_they_come_and_go(tmp_path: Path) -> None:
    hub = Hub()
    task = asyncio.create_task(Folders(hub, parse_source(f"dir:{tmp_path}/*")).run())
    made(tmp_path, "door")
    await until(lambda: names(hub) == ["door"])
    channel = hub.channel("door")
    (tmp_path / "door").rmdir()
    await until(lambda: names(hub) == [])
    assert channel.closed
    made(tmp_path, "door")
    await until(lambda: names(hub) == ["door"])
    assert hub.channel("door") is not channel
    task.cancel()


async def test_what_cannot_be_a_channel_is_told_of_once(tmp_path: Path, told: list[str]) -> None:
    made(tmp_path, "front door", "api", "door", "x" * 65, ".hidden")
    hub = Hub([parse_source("door=pattern:")])
    folders = Folders(hub, parse_source(f"dir:{tmp_path}/*"))
    await folders.look()
    await folders.look()
    assert names(hub) == ["door"]
    assert hub.channel("door").spec.text == "pattern:", "it was there before"
    assert len(told) == 4
    for text in ("bad channel name 'front door'", "'api' is reserved", "named 'door'", "xxx"):
        assert any(text in line for line in told), told
    (tmp_path / "door").rmdir()
    await folders.look()
    assert names(hub) == ["door"]


async def test_a_symbolic_link_is_none(tmp_path: Path) -> None:
    made(tmp_path, "frames", "secret")
    (tmp_path / "frames" / "link").symlink_to(tmp_path / "secret")
    made(tmp_path / "frames", "door")
    hub = Hub()
    await Folders(hub, parse_source(f"dir:{tmp_path}/frames/*")).look()
    assert names(hub) == ["door"]
    with pytest.raises(UnknownChannel):
        hub.channel("link")


async def test_the_directory_may_be_missing(tmp_path: Path, told: list[str]) -> None:
    hub = Hub()
    folders = Folders(hub, parse_source(f"dir:{tmp_path}/frames/*"))
    await folders.look()
    await folders.look()
    assert told == [
        f"no channel for {tmp_path}/frames/: it cannot be listed: No such file or directory"
    ]
    made(tmp_path, "frames")
    made(tmp_path / "frames", "door")
    await folders.look()
    assert names(hub) == ["door"]


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.EACCES])
async def test_what_cannot_be_listed_for_a_while_ends_no_channel(
    number: int, tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "frames"
    made(tmp_path, "frames")
    made(path, "door")
    hub = Hub()
    folders = Folders(hub, parse_source(f"dir:{path}/*"))
    await folders.look()
    channel = hub.channel("door")

    def fail(path: str) -> list[str]:
        raise OSError(number, os.strerror(number), path)

    with monkeypatch.context() as broken:
        broken.setattr("televise.hub.folders._sub_directories", fail)
        await folders.look()
        await folders.look()
    assert hub.channel("door") is channel
    assert not channel.closed
    why = f"it cannot be listed: {os.strerror(number)}; those that there are stay"
    assert told == [f"no channel for {path}/: {why}"]
    (tmp_path / "frames" / "door").rmdir()
    (tmp_path / "frames").rmdir()
    await folders.look()
    assert names(hub) == []
    assert len(told) == 2
