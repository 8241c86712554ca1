"""When a segment is complete."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from televise.link.messages import State
from televise.media.folder import Folder
from televise.media.segments import SILENCE_SECONDS, SUFFIXES, Segments
from televise.media.source import AnyPacket, Input
from televise.testing import ManualClock
from tests.conftest import Needs
from tests.media.films import COUNT, make, ramp

HOUR = 3600.0


class Elsewhere:
    """Another machine, which writes on a network's disk: the kernel tells nothing of it.

    It does the next step of its ``story`` whenever we wait for it.
    """

    lost = False

    def __init__(self, story: Iterator[None]) -> None:
        self._story = story
        self.done = False

    def wait(self, _: float) -> dict[str, bool]:
        self.done = next(self._story, self) is self
        return {}

    def close(self) -> None:
        pass


class Feed:
    """Counts what it is given until the other machine is done."""

    def __init__(self, elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere
        self.opened_times = self.packets = 0

    @property
    def stopping(self) -> bool:
        return self._elsewhere.done

    def opened(self, inputs: Sequence[Input], *, paced: bool = False) -> None:
        self.opened_times += 1

    def packet(self, index: int, packet: AnyPacket, captured: int = 0) -> None:
        self.packets += 1

    def wait(self, _: float) -> bool:
        return False

    def set_state(self, state: State) -> None:
        pass


@pytest.mark.parametrize("clock_is_late", [-HOUR, 0.0, HOUR])
@pytest.mark.parametrize("rest", [0.0, HOUR], ids=["small", "large"])
def test_one_that_is_written_is_not_played_whatever_the_clock_of_its_disk_says(
    clock_is_late: float,
    rest: float,
    tmp_path: Path,
    needs: Needs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a large directory all files are looked at seldom."""
    needs("ffmpeg")
    codecs = ("-c:v", "libx264", "-g", "5", "-bf", "0")
    data = make(tmp_path / "film.ts", *ramp(count=COUNT), *codecs).read_bytes()
    disk = tmp_path / "disk"
    disk.mkdir()
    clock = ManualClock()

    def write() -> Iterator[None]:
        written = 0
        while written < len(data):
            with (disk / "1.ts").open("ab") as file:
                file.write(data[written : written + len(data) // 10])
            written += len(data) // 10
            os.utime(disk / "1.ts", (clock.time() - clock_is_late,) * 2)
            clock.advance(SILENCE_SECONDS - 1)
            played.append(feed.packets)
            yield
        for _ in range(3):
            clock.advance(SILENCE_SECONDS + 1)
            yield

    elsewhere = Elsewhere(write())
    feed, played = Feed(elsewhere), list[int]()
    monkeypatch.setattr("televise.media.folder.Inotify", lambda _: elsewhere)
    monkeypatch.setattr("televise.media.folder._LEAST_REST_SECONDS", rest)
    monkeypatch.setattr("televise.media.folder._REST_FACTOR", 0.0)
    monkeypatch.setattr("televise.media.segments.time", clock)
    with Folder(str(disk), SUFFIXES, deletes=False, tell=print) as folder:
        Segments(folder).run(feed, folder.look())  # type: ignore[arg-type]
    assert max(played) == 0
    assert (feed.opened_times, feed.packets) == (1, COUNT)
