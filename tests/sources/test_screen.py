"""The screen: an X server without one, on which a picture is drawn."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Needs
from tests.media.films import rgb
from tests.media.rig import JPEG, running

COLOURS = {(0, 0): (255, 0, 0), (160, 0): (0, 255, 0), (0, 120): (0, 0, 255)}
SIZE = (320, 240)


@pytest.fixture(scope="module")
def display(needs: Needs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An X server whose screen is red, green, blue and black, a quarter each."""
    folder = tmp_path_factory.mktemp("screen")
    ours, theirs = os.pipe()
    # It writes the number of its display, which it has found itself, where we read it.
    command = [needs("Xvfb"), "-displayfd", str(theirs), "-screen", "0", "320x240x24"]
    files = ["-fbdir", str(folder), "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(
        [*command, *files], pass_fds=[theirs], stderr=subprocess.DEVNULL
    ) as server:
        os.close(theirs)
        try:
            with os.fdopen(ours) as pipe:
                number = pipe.readline().strip()
            _paint(folder / "Xvfb_screen0")
            yield f":{number}"
        finally:
            server.terminate()


def _paint(file: Path) -> None:
    """Its memory is a file of the format XWD: a header, a colour map, and BGRX pixels."""
    memory = np.memmap(file, np.uint8, "r+")
    header = memory[:100].view(">u4")
    # XWDFile.h: header_size, ... bytes_per_line (13th), ... ncolors (20th), 12 bytes for each
    begin, line, colours = int(header[0]), int(header[12]), int(header[19])
    start = begin + 12 * colours
    pixels = memory[start : start + line * SIZE[1]].reshape(SIZE[1], -1, 4)
    for (x, y), colour in COLOURS.items():
        pixels[y : y + 120, x : x + 160, :3] = colour[::-1]
    memory.flush()


def middles(picture: bytes) -> list[tuple[int, ...]]:
    """The colours of four quarters, roughly."""
    shown = rgb(picture, SIZE)
    return [tuple(int(v) // 128 * 255 for v in shown[y, x]) for y in (60, 180) for x in (80, 240)]


def test_shows_what_is_on_the_screen(display: str) -> None:
    with running(f"screen:?display={display}&fps=10") as worker:
        run = worker.collect(worker.subscribe(JPEG), 0.5)[-1]
    assert (run.tracks[0].width, run.tracks[0].height) == SIZE
    assert middles(run.packets[-1].data) == [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)]


def test_shows_a_part_of_it(display: str) -> None:
    with running(f"screen:?display={display}&size=160x120&x=160&y=0") as worker:
        run = worker.collect(worker.subscribe(JPEG), 0.1)[-1]
    shown = rgb(run.packets[-1].data, (160, 120)).astype(int)
    # All green, but for the mouse pointer.
    assert (np.abs(shown - (0, 255, 0)).max(axis=2) < 50).mean() > 0.95


def test_a_part_that_is_not_there(display: str) -> None:
    with running(f"screen:?display={display}&size=320x240&x=10") as worker:
        state = worker.wait_for_state("offline")
    assert state.text == f"screen {display}: x, y and size must lie within the screen"
    assert not state.final


def test_no_such_display() -> None:
    with running("screen:?display=:9999") as worker:
        state = worker.wait_for_state("offline")
    reason = "no such display, or no permission (DISPLAY, XAUTHORITY)"
    assert state.text == f"screen :9999: {reason}"
    assert not state.final


def test_no_display_at_all() -> None:
    with running("screen:") as worker:
        state = worker.wait_for_state("offline")
    assert state.text == "screen: no X11 display here: name one, as in screen:?display=:0"
