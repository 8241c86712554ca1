"""Fleet: all hubs of a file on this machine, each a process of its own."""

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence

import televise
from televise.config.plan import Plan
from televise.errors import InputError
from televise.link.orphans import ending_with_parent
from televise.model.printable import printable

CLOSE_SECONDS = 5.0
_COMMAND = (sys.executable, "-P", "-m", "televise")
# How a command says what is wrong; what it says otherwise is its log.
_COMPLAINT = "televise: "


class Fleet:
    """Gives ``arguments`` to a command for each of ``plans``, which are named as the nodes are.

    One that ends is not started again, so that one can see what the others do then.
    """

    def __init__(self, plans: Mapping[str, Plan], arguments: Sequence[str]) -> None:
        self._plans = plans
        self._arguments = arguments
        self._processes: dict[str, Process] = {}
        self._logs: dict[str, asyncio.Task[None]] = {}
        self._complaints: dict[str, str] = {}

    async def run(self) -> None:
        """Until it is cancelled, or none is left. InputError where one cannot be started."""
        try:
            for name in self._plans:
                process = self._processes[name] = await self._spawn(name)
                self._logs[name] = asyncio.create_task(self._read_log(name, process))
            for name, process in self._processes.items():
                await self._until_greeted(name, process)
            self._greet()
            await asyncio.gather(*self._logs.values())
        finally:
            await self._end()

    async def _spawn(self, name: str) -> Process:
        """In a session of its own: Ctrl+C is for us, and a second signal would end it rudely."""
        return await asyncio.create_subprocess_exec(
            *(*_COMMAND, *self._arguments, "--node", name),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
            preexec_fn=ending_with_parent(signal.SIGTERM),
        )

    async def _until_greeted(self, name: str, process: Process) -> None:
        """Until it has said how to stop it, which is its last word on standard output."""
        assert process.stdout is not None
        while line := await process.stdout.readline():
            if line.startswith(b"Ctrl+C"):
                return
        await self._logs[name]
        raise InputError(f"{name}: {self._complaints.get(name, 'it has ended')}")

    async def _read_log(self, name: str, process: Process) -> None:
        """Pass on what it writes there, to its end."""
        assert process.stderr is not None
        while data := await process.stderr.readline():
            line = data.decode(errors="replace").rstrip()
            if line.startswith(_COMPLAINT):
                self._complaints[name] = line.removeprefix(_COMPLAINT)
            else:
                sys.stderr.write(f"{name}: {line}\n")
        if code := await process.wait():
            sys.stderr.write(f"{name}: it has ended, with exit code {code}; the others go on\n")

    def _greet(self) -> None:
        lines = [f"televise {televise.__version__}"]
        for name, plan in self._plans.items():
            url = f"http://{plan.settings.host}:{plan.settings.port}"
            lines.append(f"  {name}: {url}/  ({plan.role}, process {self._processes[name].pid})")
            for spec in plan.specs:
                lines.append(f"    {spec.name}: {url}/{spec.name}  ({printable(spec.shown)})")
        sys.stdout.write("\n".join([*lines, "Ctrl+C to stop.", ""]))
        sys.stdout.flush()

    async def _end(self) -> None:
        """Ask all of them to end, and leave none behind."""
        for end in (Process.terminate, Process.kill):
            left = [each for each in self._processes.values() if each.returncode is None]
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    end(process)
            if left:
                ends = [asyncio.create_task(process.wait()) for process in left]
                await asyncio.wait(ends, timeout=CLOSE_SECONDS)
        for task in self._logs.values():
            task.cancel()
        await asyncio.gather(*self._logs.values(), return_exceptions=True)
