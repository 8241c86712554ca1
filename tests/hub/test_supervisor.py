"""The supervisor with real processes: they inherit little, and another follows one that dies."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from televise.hub import supervisor as supervisor_module
from televise.hub.supervisor import SILENT_TICKS, TICK_SECONDS, Supervisor
from televise.hub.supply import Callbacks
from televise.link.local import socket_pair
from televise.link.messages import Epoch, Message, Open, State, Subscribe
from televise.model.backoff import Backoff
from televise.model.rendition import Rendition
from tests.support.process import is_alive
from tests.support.server import SOURCE_FOLDER
from tests.support.waiting import until

SECRET = "s3cr3t"
CAMERA = f"cam=http://root:{SECRET}@127.0.0.1:9/live?token={SECRET}"
SMALL = "cam=pattern:?size=160x120&fps=5"


class Watched:
    """A supervisor, and all that it told."""

    def __init__(self, source: str) -> None:
        self.received: list[Message] = []
        self.ups = 0
        self.downs: list[str] = []
        self._source = source
        callbacks = Callbacks(self.received.append, self._up, self.downs.append)
        self.supervisor = Supervisor("cam", callbacks, stdin=False)

    def _up(self) -> None:
        self.ups += 1
        self.supervisor.send(Open(self._source, 0.0))
        self.supervisor.send(Subscribe(1, Rendition("mjpeg"), 1))

    @property
    def pid(self) -> int:
        process = self.supervisor.process
        return 0 if process is None else process.pid

    async def is_live(self) -> int:
        """Wait until it delivers; its process number."""
        self.received.clear()
        await until(lambda: State("live") in self.received)
        return self.pid


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why workers died, as the log has it."""
    found: list[str] = []

    def note(event: str, **fields: object) -> None:
        if event == "worker of cam died":
            found.append(str(fields["reason"]))

    monkeypatch.setattr("televise.events.warning", note)
    return found


def proc(pid: int, name: str) -> bytes:
    return Path(f"/proc/{pid}/{name}").read_bytes()


def descriptors(pid: int) -> dict[int, str]:
    """What a process has open."""
    found = {}
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that lists them
            found[int(each.name)] = str(each.readlink())
    return found


@asynccontextmanager
async def supervised(source: str = SMALL) -> AsyncIterator[Watched]:
    os.environ.setdefault("PYTHONPATH", str(SOURCE_FOLDER))
    watched = Watched(source)
    watched.supervisor.start()
    try:
        yield watched
    finally:
        pid = watched.pid
        await watched.supervisor.stop()
        assert not pid or not is_alive(pid)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "Backoff", lambda: Backoff(0.02, 0.02))


async def test_a_worker_inherits_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("TELEVISE_KEY", SECRET)
    async with supervised() as watched:
        pid = await watched.is_live()
        environment = proc(pid, "environ")
    assert b"PATH=" in environment
    assert SECRET.encode() not in environment


async def test_the_command_line_of_a_worker_tells_nothing_of_its_source() -> None:
    async with supervised(CAMERA) as watched:
        await until(lambda: any(isinstance(each, State) for each in watched.received))
        command = proc(watched.pid, "cmdline")
    assert b"televise.media.worker" in command.split(b"\0")
    assert b"127.0.0.1" not in command
    assert SECRET.encode() not in command


async def test_what_a_worker_tells_names_no_password() -> None:
    async with supervised(CAMERA) as watched:
        await until(
            lambda: any(
                isinstance(each, State) and each.state == "offline" for each in watched.received
            )
        )
    texts = [each.text for each in watched.received if isinstance(each, State)]
    assert any("127.0.0.1" in text for text in texts)
    assert not [text for text in texts if SECRET in text]


async def test_no_other_descriptor_of_the_hub_is_inherited() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.set_inheritable(True)  # as a careless library might
        inode = descriptors(os.getpid())[listening.fileno()]
        async with supervised() as watched:
            pid = await watched.is_live()
            found = descriptors(pid).values()
    assert inode not in found
    assert any(target.startswith("socket:") for target in found), "its link is"


@pytest.mark.usefixtures("quick")
async def test_another_follows_a_worker_that_is_killed(reasons: list[str]) -> None:
    async with supervised() as watched:
        first = await watched.is_live()
        os.kill(first, signal.SIGKILL)
        second = await watched.is_live()
        assert second != first
        assert not is_alive(first)
        assert watched.ups == 2
        assert len(watched.downs) == 1
        assert "another starts in" in watched.downs[0]
        assert reasons == ["signal 9"]
        await until(lambda: any(isinstance(message, Epoch) for message in watched.received))


@pytest.mark.usefixtures("quick")
async def test_another_follows_a_worker_that_hangs(reasons: list[str]) -> None:
    async with supervised() as watched:
        first = await watched.is_live()
        os.kill(first, signal.SIGSTOP)
        await until(lambda: proc(first, "stat").rpartition(b")")[2].split()[0] == b"T")
        second = await watched.is_live()
        assert second != first
        assert not is_alive(first)
        assert reasons == ["it hangs"]


async def test_a_hub_that_was_held_up_itself_suspects_nobody(reasons: list[str]) -> None:
    async with supervised() as watched:
        first = await watched.is_live()
        heard = len(watched.received)
        time.sleep(TICK_SECONDS * (SILENT_TICKS + 1))  # noqa: ASYNC251 - this is the fault
        assert len(watched.received) == heard, "meanwhile nothing was heard"
        await watched.is_live()
        assert watched.pid == first
        assert reasons == []


async def test_stop_ends_the_process_whatever_it_does() -> None:
    async with supervised() as watched:
        pid = await watched.is_live()
        os.kill(pid, signal.SIGSTOP)
        await watched.supervisor.stop()
        assert not is_alive(pid)
        assert not watched.supervisor.running
        assert watched.downs == [], "it was wanted so"
        heard = len(watched.received)
        await asyncio.sleep(0.1)
        assert len(watched.received) == heard


async def test_nothing_is_heard_after_stop_was_called() -> None:
    async with supervised() as watched:
        await watched.is_live()
        stopping = watched.supervisor.stop()
        heard = len(watched.received)
        await stopping
        assert len(watched.received) == heard


@pytest.mark.parametrize("rounds", [0, 1, 3, 10])
async def test_stop_while_it_starts_leaves_nothing(rounds: int) -> None:
    async with supervised() as watched:
        for _ in range(rounds):
            await asyncio.sleep(0)
        await watched.supervisor.stop()
        assert watched.pid == 0


async def test_it_can_be_started_again_at_once() -> None:
    async with supervised() as watched:
        first = await watched.is_live()
        stopping = watched.supervisor.stop()
        watched.supervisor.start()
        await stopping
        second = await watched.is_live()
        assert second not in (0, first)
        assert is_alive(second)
        assert not is_alive(first)


@pytest.mark.usefixtures("quick")
async def test_without_descriptors_it_tries_again(
    monkeypatch: pytest.MonkeyPatch, reasons: list[str]
) -> None:

    def no_descriptors() -> Any:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(supervisor_module, "socket_pair", no_descriptors)
    async with supervised() as watched:
        await until(lambda: watched.downs)
        assert "cannot be started" in reasons[0]
        assert "Too many open files" in reasons[0]
        monkeypatch.setattr(supervisor_module, "socket_pair", socket_pair)
        await watched.is_live()


@pytest.mark.usefixtures("quick")
async def test_a_program_that_is_not_there_is_said(
    monkeypatch: pytest.MonkeyPatch, reasons: list[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    async with supervised() as watched:
        await until(lambda: watched.downs)
        assert "cannot be started" in reasons[0]


def spawn(code: str) -> Callable[[Supervisor, Any], Any]:
    """Runs ``code`` in the place of a worker; its link is ``sys.argv[1]``."""

    async def start(self: Supervisor, theirs: Any) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", code, str(theirs.fileno())),
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
        )

    return start


LATE = """
import os, sys, time
time.sleep(2.7)
os.execv(sys.executable, [sys.executable, "-m", "televise.media.worker", sys.argv[1]])
"""


async def test_one_that_takes_long_to_start_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, reasons: list[str]
) -> None:
    """On a busy machine it may be a while until it says its first word."""
    assert TICK_SECONDS * (SILENT_TICKS + 1) < 2.7
    monkeypatch.setattr(Supervisor, "_spawn", spawn(LATE))
    async with supervised() as watched:
        await watched.is_live()
    assert watched.ups == 1
    assert reasons == []


@pytest.mark.usefixtures("quick")
async def test_one_that_never_starts_is_not(
    monkeypatch: pytest.MonkeyPatch, reasons: list[str]
) -> None:
    monkeypatch.setattr(supervisor_module, "START_SECONDS", 0.5)
    monkeypatch.setattr(Supervisor, "_spawn", spawn("import time; time.sleep(60)"))
    async with supervised() as watched:
        await until(lambda: watched.downs)
    assert reasons[0] == "it hangs"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit('no codec: reinstall av')", "exit code 1: no codec: reinstall av"),
        ("raise ValueError('odd')", "exit code 1: ValueError: odd"),
        ("import os, sys, time; os.close(int(sys.argv[1])); time.sleep(60)", "closed its link"),
        (
            "import os, sys, time; os.write(int(sys.argv[1]), b'GET / ' * 99); time.sleep(60)",
            "a message of 1195725856 bytes",
        ),
    ],
    ids=["exit", "traceback", "closes", "garbage"],
)
async def test_why_it_died_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, code: str, reason: str, reasons: list[str]
) -> None:
    monkeypatch.setattr(Supervisor, "_spawn", spawn(code))
    async with supervised() as watched:
        await until(lambda: watched.downs)
        assert reason in reasons[0]
        assert reasons[0].isprintable()
        assert reason not in watched.downs[0], "what a worker says may be no viewer's business"
        await until(lambda: len(watched.downs) > 1)


@pytest.mark.usefixtures("quick")
async def test_after_many_deaths_in_a_row_it_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Supervisor, "_spawn", spawn("raise SystemExit(3)"))
    async with supervised() as watched:
        await until(lambda: "another starts in 30.0 s" in "".join(watched.downs))
        assert len(watched.downs) == 5
        assert all("another starts in 0.0 s" in text for text in watched.downs[:4])


async def test_the_waits_between_deaths_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Supervisor, "_spawn", spawn("raise SystemExit(3)"))
    monkeypatch.setattr("random.random", lambda: 0.5)
    async with supervised() as watched:
        await until(lambda: len(watched.downs) == 3)
    waits = [text.rpartition(" in ")[2] for text in watched.downs]
    assert waits == ["0.2 s", "0.5 s", "1.0 s"]
