"""The examples that are programs of their own, each with the framework that it is for."""

import contextlib
import io
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import PIL.Image

from tests.conftest import ROOT
from tests.support.process import environment
from tests.support.waiting import wait_until

EXAMPLES = ROOT / "examples"


@contextlib.contextmanager
def running(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A Python program in the folder of the examples; it must not complain."""
    with subprocess.Popen(
        [sys.executable, "-u", *arguments],
        cwd=EXAMPLES,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    ) as process:
        try:
            yield process
            assert process.poll() is None
        finally:
            process.kill()
            assert process.stdout is not None
            said = process.stdout.read()
    assert "Traceback" not in said, said


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        urlopen(url, timeout=20).close()
    except OSError:
        return False
    return True


def pictures(url: str, count: int) -> list[PIL.Image.Image]:
    """The first pictures of an endless stream that is made for browsers."""
    found: list[PIL.Image.Image] = []
    with urlopen(url, timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace")
        data = b""
        while len(found) < count:
            data += answer.read1(65536)
            *parts, data = data.split(b"\r\n--televise")
            for part in parts:
                image = PIL.Image.open(io.BytesIO(part.partition(b"\r\n\r\n")[2]))
                image.load()
                found.append(image)
    return found[:count]


def said_url(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    match = re.search(r"http://\S+", line)
    assert match is not None, line
    return match[0]


def test_the_graph_moves() -> None:
    with running("matplotlib_graph.py") as process:
        first, *_, last = pictures(f"{said_url(process)}.mjpg", 4)
    assert first.size == (800, 450)
    assert np.abs(np.asarray(first).astype(int) - np.asarray(last)).max() > 50


def test_the_graph_is_a_few_lines() -> None:
    code = (EXAMPLES / "matplotlib_graph.py").read_text().partition('"""\n')[2]
    assert len([line for line in code.splitlines() if line]) < 15


def test_a_film_goes_through_opencv(clip: Callable[[str], Path]) -> None:
    with running("opencv_camera.py", str(clip("bigbuckbunny.mp4"))) as process:
        *_, image = pictures(f"{said_url(process)}.mjpg", 5)  # the first were made for nobody
    assert image.size == (1280, 720)
    pixels = np.asarray(image).astype(int)
    green = (pixels[..., 1] - np.maximum(pixels[..., 0], pixels[..., 2])) > 100
    assert green.sum() > 100


def test_fastapi() -> None:
    port = free_port()
    with running("-m", "uvicorn", "fastapi_app:app", "--port", str(port)):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/"))
        assert b"/live/noise.mjpg" in urlopen(f"http://127.0.0.1:{port}/", timeout=20).read()
        first, second = pictures(f"http://127.0.0.1:{port}/live/noise.mjpg", 2)
    assert first.size == second.size == (160, 120)


def test_flask() -> None:
    port = free_port()
    with running("-m", "flask", "--app", "flask_app", "run", "--port", str(port)):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/"))
        (image,) = pictures(f"http://127.0.0.1:{port}/picture.mjpg", 1)
    assert image.size == (160, 120)


def test_django() -> None:
    port = free_port()
    with running("django_app.py", "runserver", f"127.0.0.1:{port}"):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/picture.mjpg"))
        (image,) = pictures(f"http://127.0.0.1:{port}/picture.mjpg", 1)
    assert image.size == (160, 120)
