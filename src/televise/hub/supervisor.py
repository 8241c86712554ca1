"""Supervisor: keeps a worker process running while it is wanted, and starts another if it dies."""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from televise import events
from televise.errors import PeerError
from televise.hub.supply import Callbacks
from televise.link.local import ConsumerLink, inheritance, socket_pair
from televise.link.messages import Message
from televise.model.backoff import Backoff, Breaker

# A worker gives a sign of life twice a second, once it has begun to speak. What counts is how often
# nothing was to be heard, as a hub that was held up itself has missed nothing.
TICK_SECONDS = 0.5
SILENT_TICKS = 4
# Until then, on a busy machine.
START_SECONDS = 30.0
# After too many deaths in a minute, the next try waits so long.
REST_SECONDS = 30.0
# All that a worker inherits: no secrets of the hub's environment.
_ENVIRONMENT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY"),
)


class Link(Protocol):
    """Our end of the link to a child."""

    def send(self, message: Any) -> None:
        """Send one message; silently nothing where the link is gone."""

    def close(self) -> None:
        """End the link at once."""


class Supervisor:
    """Runs the worker of one channel, and tells the ``callbacks`` of it (see `Supply`)."""

    remote = False
    # What is run.
    module = "televise.media.worker"
    # What it writes to standard error is told in the log; None where that is ours.
    stderr: int | None = asyncio.subprocess.PIPE
    # How often in a row nothing may be heard of it.
    silent_ticks = SILENT_TICKS

    def __init__(self, name: str, callbacks: Callbacks, *, stdin: bool) -> None:
        self.title = f"worker of {name}"
        self._stdin = stdin
        self._received = callbacks.received
        self._up = callbacks.up
        self._down = callbacks.down
        self._task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._link: Link | None = None
        self._spoken = False
        self.process: asyncio.subprocess.Process | None = None

    @property
    def worker(self) -> int | None:
        """The process number of the worker, if there is one now."""
        return None if self.process is None else self.process.pid

    @property
    def running(self) -> bool:
        """Whether a worker is wanted."""
        return self._task is not None

    def start(self) -> None:
        """Want a worker; nothing where one is wanted already."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> "asyncio.Future[Any]":
        """End the worker: no word of it is heard from now on. Await the end of its process, and of
        those before it."""
        task, self._task = self._task, None
        if self._link is not None:
            self._link.close()
        if task is not None:
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        return asyncio.gather(*self._ending, return_exceptions=True)

    def send(self, message: Message) -> None:
        """Tell the worker; nothing where there is none, as `up` will tell when there is."""
        if self._link is not None:
            self._link.send(message)

    async def _run(self) -> None:
        backoff, breaker = Backoff(), Breaker()
        while True:
            began = time.monotonic()
            reason = await self._try_once()
            now = time.monotonic()
            if now - began > 10:
                backoff.reset()
            wait = REST_SECONDS if breaker.fail(now) else backoff.next(random.random())
            events.warning(f"{self.title} died", reason=reason, next=f"{wait:.2f} s")
            self._down(f"its process ended; another starts in {wait:.1f} s")
            await asyncio.sleep(wait)

    async def _try_once(self) -> str:
        """One worker; a bug of ours is told, and no reason never to try again."""
        try:
            return await self._run_once()
        except Exception as error:
            events.error(f"the supervisor of the {self.title} failed")
            return repr(error)

    async def _run_once(self) -> str:
        """One worker, from start to end; returns why it ended."""
        try:
            ours, theirs = socket_pair()
        except OSError as error:
            return f"cannot be started: {error}"
        with theirs:
            try:
                process = await self._spawn(theirs)
            except BaseException as error:
                ours.close()
                if isinstance(error, OSError):
                    return f"cannot be started: {error}"
                raise
        self.process = process
        lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        said = asyncio.create_task(self._read_complaints(process))
        try:
            await self._link_up(ours, lost)
            reason = await self._until_dead(process, lost)
        finally:
            self._link, link = None, self._link
            if link is not None:
                link.close()
            await asyncio.shield(self._bury(process, said))
        last_words = said.result() if said.done() and not said.cancelled() else ""
        return f"{reason}: {last_words}" if last_words else reason

    async def _bury(self, process: asyncio.subprocess.Process, said: "asyncio.Task[str]") -> None:
        """Leave no process behind, and hear what it had to say."""
        await _end(process)
        await asyncio.wait([said], timeout=1.0)
        said.cancel()
        if self.process is process:
            self.process = None

    async def _spawn(self, theirs: Any) -> asyncio.subprocess.Process:
        keywords: dict[str, Any] = dict(inheritance(theirs))
        if sys.platform != "win32":
            keywords["start_new_session"] = True
        return await asyncio.create_subprocess_exec(
            sys.executable,
            # Nothing is imported from the directory in which somebody happens to be.
            "-P",
            "-m",
            self.module,
            str(theirs.fileno()),
            stdin=None if self._stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=self.stderr,
            env=self.environment(),
            **keywords,
        )

    def environment(self) -> dict[str, str]:
        """What it inherits."""
        return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}

    async def _link_up(self, ours: Any, lost: "asyncio.Future[Exception | None]") -> None:
        def on_lost(error: Exception | None) -> None:
            if not lost.done():
                lost.set_result(error)

        self._spoken = False
        loop = asyncio.get_running_loop()
        _, self._link = await loop.create_connection(lambda: self.make_link(on_lost), sock=ours)
        self._up()

    def make_link(self, lost: Callable[[Exception | None], None]) -> Any:
        """Our end of the link, a protocol and a `Link`; ``lost`` is called once."""
        return ConsumerLink(self.heard, lost)

    def heard(self, message: Any) -> None:
        """It says something."""
        self._spoken = True
        self._received(message)

    async def _until_dead(
        self, process: asyncio.subprocess.Process, lost: "asyncio.Future[Exception | None]"
    ) -> str:
        silent, most = 0, round(START_SECONDS / TICK_SECONDS)
        while not lost.done():
            await asyncio.wait([lost], timeout=TICK_SECONDS)
            if self._spoken:
                silent, most, self._spoken = 0, self.silent_ticks, False
            elif (silent := silent + 1) >= most:
                return "it hangs"
        error = lost.result()
        if isinstance(error, PeerError):
            return str(error)
        try:
            async with asyncio.timeout(1.0):
                status = await process.wait()
        except TimeoutError:
            return "it closed its link"
        return f"signal {-status}" if status < 0 else f"exit code {status}"

    async def _read_complaints(self, process: asyncio.subprocess.Process) -> str:
        """What a worker writes to standard error is one event per line; returns the last one."""
        last, rest = "", b""
        while process.stderr is not None and (data := await process.stderr.read(65536)):
            *lines, rest = (rest[:65536] + data).split(b"\n")
            for line in lines:
                if text := line.decode(errors="replace").strip()[:500]:
                    events.warning(f"{self.title} says", text=text)
                    last = text
        return last


async def _end(process: asyncio.subprocess.Process) -> None:
    """Leave no process behind."""
    if process.returncode is None:
        # Not process.kill(): that may reap the child before asyncio's watcher does.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    await process.wait()
