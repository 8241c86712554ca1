"""What a folder tells of its files: by the kernel's word, and by looking where there is none."""

import os
from pathlib import Path

import pytest

from televise.errors import SourceError
from televise.media import folder as folder_module
from televise.media.folder import Folder, number_order
from televise.media.inotify import Inotify
from tests.support.waiting import wait_until


@pytest.fixture(params=["inotify", "looking"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(path: str) -> Inotify:
        raise OSError(24, "Too many open files")

    if request.param == "looking":
        monkeypatch.setattr(folder_module, "Inotify", none_left)


def opened(path: Path, *, deletes: bool = False) -> Folder:
    return Folder(str(path), {".jpg"}, deletes=deletes, tell=print)


def told(folder: Folder, *names: str) -> None:
    """Wait until these files, and no others, have been told of."""
    found: list[str] = []

    def look() -> bool:
        found.extend(entry.name for entry in folder.look(0.1))
        return len(found) >= len(names)

    wait_until(look)
    assert sorted(found) == sorted(names)


@pytest.mark.usefixtures("_way")
def test_tells_of_each_file_once(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"1")
    (tmp_path / "1.txt").write_bytes(b"1")
    with opened(tmp_path) as folder:
        told(folder, "1.jpg")
        (tmp_path / "2.JPG").write_bytes(b"2")
        (tmp_path / "temporary").write_bytes(b"3")
        (tmp_path / "temporary").rename(tmp_path / "3.jpg")
        told(folder, "2.JPG", "3.jpg")
        (tmp_path / "1.jpg").write_bytes(b"another")
        told(folder, "1.jpg")
        assert folder.read("1.jpg", 4) == b"anot"
        assert folder.look() == []


@pytest.mark.usefixtures("_way")
def test_a_file_that_is_never_closed_is_noticed(tmp_path: Path) -> None:
    with opened(tmp_path) as folder, (tmp_path / "1.jpg").open("wb", 0) as file:
        told(folder, "1.jpg")
        folder.watch_closely({"1.jpg"})
        for _ in range(3):
            file.write(b"more")
            told(folder, "1.jpg")


@pytest.mark.usefixtures("_way")
def test_what_was_read_is_no_news(tmp_path: Path) -> None:
    with opened(tmp_path) as folder:
        (tmp_path / "1.jpg").write_bytes(b"1")
        told(folder, "1.jpg")
        (tmp_path / "1.jpg").write_bytes(b"1234")
        assert folder.read("1.jpg", 9) == b"1234"
        (tmp_path / "2.jpg").write_bytes(b"2")
        told(folder, "2.jpg")


@pytest.mark.usefixtures("_way")
def test_a_directory_that_has_gone_is_told(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    with opened(path) as folder:
        folder.look()
        path.rmdir()
        with pytest.raises(SourceError, match="folder: there is no such directory"):
            wait_until(lambda: folder.look(0.1))
    path.mkdir()
    with opened(path) as folder:
        folder.look()
        path.rename(tmp_path / "old")
        path.mkdir()
        with pytest.raises(SourceError, match="another directory is in its place"):
            wait_until(lambda: folder.look(0.1))


def test_the_kernel_tells_who_is_closed(tmp_path: Path) -> None:
    with opened(tmp_path) as folder, (tmp_path / "1.jpg").open("wb") as file:
        told(folder, "1.jpg")
        assert not folder.is_closed("1.jpg")
        file.close()
        wait_until(lambda: folder.look(0.1) or folder.is_closed("1.jpg"))
        (tmp_path / "1.jpg").unlink()
        with (tmp_path / "1.jpg").open("wb"):
            wait_until(lambda: folder.look(0.1) or not folder.is_closed("1.jpg"))


def test_events_that_were_lost_are_made_up_for(tmp_path: Path) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    with opened(tmp_path) as folder:
        folder.look()
        for number in range(most // 2 + 10):  # each is created and closed
            (tmp_path / f"{number}.jpg").touch()
        told(folder, *(f"{number}.jpg" for number in range(most // 2 + 10)))


def test_only_regular_files_are_opened_and_deleted(tmp_path: Path) -> None:
    (tmp_path / "file.jpg").write_bytes(b"1")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "file.jpg")
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    with opened(tmp_path, deletes=True) as folder:
        told(folder, "file.jpg")
        for name in ("link.jpg", "folder.jpg", "pipe.jpg", "none.jpg"):
            assert folder.read(name, 9) is None
            folder.finish(name)
        folder.finish("file.jpg")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "folder.jpg",
        "link.jpg",
        "pipe.jpg",
    ]


@pytest.mark.parametrize("way", ["renamed", "appended"])
def test_what_was_written_since_is_not_deleted(tmp_path: Path, way: str) -> None:
    file = tmp_path / "1.jpg"
    with opened(tmp_path, deletes=True) as folder:
        file.write_bytes(b"old")
        told(folder, "1.jpg")
        assert folder.read("1.jpg", 9) == b"old"
        if way == "renamed":
            (tmp_path / "temporary").write_bytes(b"new")
            (tmp_path / "temporary").rename(file)
        else:
            with file.open("ab") as more:
                more.write(b"new")
        folder.finish("1.jpg")
        told(folder, "1.jpg")
        assert folder.read("1.jpg", 9) in (b"new", b"oldnew")
        folder.finish("1.jpg")
        assert not file.exists()


def test_numbers_are_sorted_as_numbers() -> None:
    names = ["a10b2", "b1", "a9", "a10b10", "2", "a", "10", "a09"]
    ordered = ["2", "10", "a", "a9", "a09", "a10b2", "a10b10", "b1"]
    assert sorted(names, key=number_order) == ordered
