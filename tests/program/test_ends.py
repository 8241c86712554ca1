"""However a program, its hub or its worker ends: no process, memory or file is left."""

import contextlib
import os
import signal
from pathlib import Path
from urllib.request import urlopen

import pytest

from televise import Server
from televise.errors import InputError, Unavailable
from tests.program.conftest import Program, program, shared_memory
from tests.program.test_picture import image_file
from tests.support.process import children, is_alive
from tests.support.waiting import wait_until

SHOWING = """
import sys, time, numpy, televise
tv = televise.Server(port=0)
cam = tv.channel("cam")
print(cam.url, flush=True)
picture = numpy.zeros((48, 64, 3), "uint8")
cam.show(picture)
"""
FOR_EVER = """
while True:
    cam.show(picture)
    time.sleep(0.02)
"""
ENDS = {
    "its last line": "sys.stdin.readline()",
    "an exception": "sys.stdin.readline()\n1 / 0",
    "sys.exit": "sys.stdin.readline()\nsys.exit(3)",
    "os._exit": "import os\nsys.stdin.readline()\nos._exit(4)",
    "close": "sys.stdin.readline()\ntv.close()\ntv.close()",
    "with": "with tv: sys.stdin.readline()",
}
STATUS = {"an exception": 1, "sys.exit": 3, "os._exit": 4}


def is_watched(running: Program) -> None:
    """Look at a picture, so that everything is in use."""
    with urlopen(f"{running.url}.jpg") as answer:
        assert answer.read(2) == b"\xff\xd8"
    assert shared_memory(running.process.pid)
    assert shared_memory(running.worker)


@pytest.mark.parametrize("how", ENDS)
def test_a_program_that_ends_leaves_nothing(how: str, tmp_path: Path) -> None:
    with program(SHOWING + ENDS[how], tmp_path) as running:
        is_watched(running)
        running.go_on()
        assert running.process.wait(20) == STATUS.get(how, 0)
        wait_until(running.has_left_nothing)
        assert running.process.stderr is not None
        said = running.process.stderr.read()
    assert said.count("Traceback") == (how == "an exception"), said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGHUP])
def test_a_program_that_is_killed_leaves_nothing(number: int, tmp_path: Path) -> None:
    with program(SHOWING + FOR_EVER, tmp_path) as running:
        is_watched(running)
        running.process.send_signal(number)
        running.process.wait(20)
        wait_until(running.has_left_nothing)


def test_all_are_killed_at_once(tmp_path: Path) -> None:
    """Then only the empty folder may stay, which nobody is there to remove."""
    with program(SHOWING + FOR_EVER, tmp_path) as running:
        is_watched(running)
        for pid in running.family:
            os.kill(pid, signal.SIGKILL)
        running.process.wait(20)
        wait_until(lambda: not any(map(is_alive, running.family)))


def test_a_hub_that_is_killed_is_said_in_one_line(server: Server) -> None:
    channel = server.channel("cam")
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: server.closed)
    for use in (
        lambda: channel.show(b"anything"),
        lambda: channel.write(None),
        lambda: server.channel("other"),
        channel.multipart,
    ):
        with pytest.raises(Unavailable, match=r"the hub has ended \(signal 9\): make a new Server"):
            use()
    channel.close()


def test_a_closed_server_says_so(server: Server) -> None:
    channel = server.channel("cam")
    server.close()
    with pytest.raises(Unavailable, match="this server has been closed"):
        channel.show(b"anything")
    channel.close()


def test_viewers_stay_while_a_worker_dies(tmp_path: Path) -> None:
    with program(SHOWING + FOR_EVER, tmp_path) as running, urlopen(f"{running.url}.mjpg") as viewer:
        assert viewer.read(10_000)
        os.kill(running.worker, signal.SIGKILL)
        wait_until(lambda: not is_alive(running.worker))
        for _ in range(10):
            assert viewer.read(10_000)
        assert running.process.poll() is None


FORKED = """
import os
sys.stdin.readline()
child = os.fork()
if child == 0:
    try:
        cam.show(picture)
    except televise.TeleviseError as error:
        print(type(error).__name__, error, flush=True)
    try:
        sys.exit(0)
    except SystemExit:
        pass
else:
    os.waitpid(child, 0)
    cam.show(picture)
    print("still there", tv.closed, flush=True)
    sys.stdin.readline()
"""


def test_a_forked_child_cannot_use_it_and_does_not_end_it(tmp_path: Path) -> None:
    with program(SHOWING + FORKED, tmp_path) as running:
        running.go_on()
        assert running.process.stdout is not None
        said = running.process.stdout.readline()
        assert said.startswith("Unavailable")
        assert "after the fork" in said
        assert running.process.stdout.readline() == "still there False\n"
        is_watched(running)


ORPHANS = """
import multiprocessing
sys.stdin.readline()
multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,)).start()
print("forked", flush=True)
time.sleep(60)
"""


def test_a_forked_child_that_outlives_its_parent_holds_nothing(tmp_path: Path) -> None:
    with program(SHOWING + ORPHANS, tmp_path) as running:
        running.go_on()
        assert running.process.stdout is not None
        assert running.process.stdout.readline() == "forked\n"
        before = set(running.family)
        orphan = next(pid for pid in children(running.process.pid) if pid not in before)
        wait_until(lambda: shared_memory(orphan) == [])
        running.process.kill()
        running.process.wait(20)
        wait_until(running.has_left_nothing)
        assert is_alive(orphan)
        os.kill(orphan, signal.SIGKILL)


SHORTEST = """
import os, signal, sys, time, numpy, televise
from televise.program import show as module
module.PORT = 0
picture = numpy.zeros((48, 64, 3), "uint8")

def show():
    number = televise.show("cam", picture)
    return number, module._channels["cam"].url

print(show()[1], flush=True)
sys.stdin.readline()
with module._lock:
    child = os.fork()
if child == 0:
    print(*show(), flush=True)
    os.kill(module._server.pid, signal.SIGKILL)
    while not module._server.closed:
        time.sleep(0.01)
    print(*show(), flush=True)
    sys.exit(0)
os.waitpid(child, 0)
print(*show(), flush=True)
"""


def test_the_shortest_way_begins_anew(tmp_path: Path) -> None:
    """In a forked child, and where the hub was killed."""
    with program(SHORTEST, tmp_path) as running:
        running.go_on()
        assert running.process.stdout is not None
        said = [line.split() for line in running.process.stdout]
        assert running.process.wait(20) == 0
        assert [number for number, _ in said] == ["0", "0", "1"]
        assert said[2][1] == running.url
        assert len({url for _, url in said}) == 3
        wait_until(running.has_left_nothing)


def test_a_port_in_use_is_said_and_leaves_nothing(server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    before = list(Path("/proc/self/fd").iterdir())
    with pytest.raises(InputError, match=f"port {port} is in use: .* as in port={port + 1}"):
        Server(port)
    assert len(list(Path("/proc/self/fd").iterdir())) == len(before)
    with Server(port, or_next=True) as second, contextlib.closing(second.channel("cam")) as channel:
        channel.show(image_file("JPEG"))
        assert int(second.url.rpartition(":")[2]) > port
