"""A file that others write: every way of it is noticed, and none before it is done."""

from collections.abc import Callable
from pathlib import Path

import pytest

from televise.config.watched import Watched


def rewrite(path: Path) -> None:
    path.write_text("port = 12345")


def replace(path: Path) -> None:
    """As editors do it."""
    other = path.with_suffix(".new")
    other.write_text(path.read_text())
    other.replace(path)


def lead_elsewhere(path: Path) -> None:
    """As ConfigMaps do it: the name is a link."""
    target = path.with_name("second")
    target.write_text(path.read_text())
    path.unlink()
    path.symlink_to(target)


@pytest.mark.parametrize("change", [rewrite, replace, lead_elsewhere])
def test_a_change_is_told_once_it_rests(change: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "televise.toml"
    path.write_text("port = 1")
    watched = Watched(path)
    assert not watched.changed()
    change(path)
    assert [watched.changed() for _ in range(3)] == [False, True, False]


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "televise.toml"
    path.write_text("")
    watched = Watched(path)
    with path.open("a") as file:
        for _ in range(3):
            file.write("port")
            file.flush()
            assert not watched.changed()
    assert watched.changed()


def test_a_file_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "televise.toml"
    path.write_text("port = 1")
    watched = Watched(path)
    kept = path.rename(path.with_name("kept"))
    assert [watched.changed(), watched.changed()] == [False, False]
    kept.rename(path)
    assert [watched.changed(), watched.changed()] == [False, False], "it is the same still"
    rewrite(path)
    watched.known()
    assert [watched.changed(), watched.changed()] == [False, False], (
        "it was read for another reason"
    )
