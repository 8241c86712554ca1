"""Peers: what pip, apt and npm have for the same work, each started with the same load.

Each gives the same bytes to all its viewers at the same rate, made as cheaply as it can be.
"""

import http.client
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bench.hub import free_port, serving, wait_for_port
from bench.jpeg_film import make_film, make_picture
from bench.load import FRAME_HEADER, Load, Running, compiled, watched

SERVERS = Path(__file__).parent / "servers"
PART_HEADER = 60  # about what a part of multipart has before and after its picture


Start = Callable[[Load], AbstractContextManager[Running]]


@contextmanager
def c_limit(load: Load) -> Iterator[Running]:
    """A bare loop of send() in C."""
    port = free_port()
    options = ["-m", "send", "-p", str(port), "-n", str(load.size), "-f", str(load.fps)]
    with _process([str(compiled("climit", load.folder)), *options], port) as pid:
        yield Running(port, "/", "http", 0, [pid])


@contextmanager
def televise(load: Load) -> Iterator[Running]:
    """The real hub, with a film of JPEG pictures of exactly that size."""
    film = load.folder / f"cam-{load.size}.mkv"
    if not film.exists():
        make_film(film, load.size, load.fps)
    with serving(f"cam={film}") as hub:
        yield watched(hub)


@contextmanager
def websockets(load: Load) -> Iterator[Running]:
    """The Python library `websockets`, with its broadcast()."""
    port = free_port()
    with _process([sys.executable, str(SERVERS / "broadcast.py"), *_told(port, load)], port) as pid:
        yield Running(port, "/", "ws", FRAME_HEADER, [pid])


@contextmanager
def flask(load: Load) -> Iterator[Running]:
    """MJPEG as the usual Flask snippet does it."""
    port = free_port()
    command = [sys.executable, str(SERVERS / "flask_mjpeg.py"), *_told(port, load)]
    with _process(command, port) as pid:
        yield Running(port, "/", "http", PART_HEADER, [pid])


@contextmanager
def ws_relay(load: Load) -> Iterator[Running]:
    """The relay that jsmpeg's users run, on npm's `ws`."""
    port, folder = free_port(), load.folder / "relay"
    if not folder.exists():
        folder.mkdir()
        shutil.copy(SERVERS / "relay.mjs", folder)
        install = [
            "npm",
            "install",
            "--silent",
            "--ignore-scripts",
            "--prefix",
            str(folder),
            "ws@8",
        ]
        subprocess.check_call(install, stdout=subprocess.DEVNULL)
    with _process(["node", str(folder / "relay.mjs"), *_told(port, load)], port) as pid:
        yield Running(port, "/", "ws", FRAME_HEADER, [pid])


@contextmanager
def nchan(load: Load) -> Iterator[Running]:
    """nginx with its module nchan, in C; Debian: libnginx-mod-nchan."""
    port = free_port()
    config = load.folder / "nchan.conf"
    config.write_text((SERVERS / "nchan.conf").read_text().format(folder=load.folder, port=port))
    command = ["nginx", "-p", str(load.folder), "-c", str(config), "-e", f"{load.folder}/error.log"]
    with _process(command, port) as pid, _feeding(port, load):
        yield Running(port, "/cam", "ws", FRAME_HEADER, [pid])


@contextmanager
def ustreamer(load: Load) -> Iterator[Running]:
    """µStreamer, unmodified, with a camera that is not there (`servers/camera.c`)."""
    port, camera = free_port(), load.folder / "camera.so"
    options = ["-O2", "-shared", "-fPIC", "-o", str(camera), str(SERVERS / "camera.c"), "-ldl"]
    subprocess.check_call(["gcc", *options])
    picture = load.folder / "camera.jpg"
    picture.write_bytes(make_picture(load.size))
    environment = {
        **os.environ,
        "LD_PRELOAD": str(camera),
        "CAMERA_JPEG": str(picture),
        "CAMERA_FPS": str(load.fps),
    }
    command = ["ustreamer", "--device", "/dev/video0", "--format", "MJPEG", "--encoder", "HW"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--resolution", "640x360"]
    with _process(command, port, environment) as pid:
        yield Running(port, "/stream", "http", PART_HEADER, [pid])


PEERS: dict[str, Start] = {
    "C, send() in a loop": c_limit,
    "televise": televise,
    "nginx nchan": nchan,
    "ws (npm), as jsmpeg's relay": ws_relay,
    "websockets (Python)": websockets,
    "µStreamer": ustreamer,
    "Flask": flask,
}
NEEDS = {"nginx nchan": "nginx", "ws (npm), as jsmpeg's relay": "npm", "µStreamer": "ustreamer"}


def missing(name: str) -> str:
    """The program that this peer needs and that is not here, or ''."""
    program = NEEDS.get(name, "")
    return program if program and not shutil.which(program) else ""


def _told(port: int, load: Load) -> list[str]:
    return [str(port), str(load.size), str(load.fps)]


@contextmanager
def _process(
    command: list[str], port: int, environment: dict[str, str] | None = None
) -> Iterator[int]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        wait_for_port(process, port)
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextmanager
def _feeding(port: int, load: Load) -> Iterator[None]:
    """Publish by HTTP, one request per message, in a thread of this process."""
    stop = threading.Event()

    def feed() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        body, due = bytes(load.size), time.monotonic()
        while not stop.is_set():
            connection.request("POST", "/publish", body)
            connection.getresponse().read()
            due += 1 / load.fps
            time.sleep(max(0.0, due - time.monotonic()))
        connection.close()

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
