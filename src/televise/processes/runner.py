"""Runs a server in the foreground, until somebody stops it."""

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

import televise
from televise import events
from televise.config.plan import Plan, Wanted
from televise.config.reading import Reading
from televise.errors import TeleviseError
from televise.model.printable import printable
from televise.model.source import SourceSpec
from televise.processes import systemd
from televise.server import Server
from televise.signals import on_signal

if TYPE_CHECKING:
    from televise.processes.fleet import Fleet
    from televise.push.target import Target

# The log begins behind the first lines, and when it is known that no source is a mistake, which is
# told in one line and nothing else; but not later than this.
STARTED_SECONDS = 10.0


def run(wanted: Wanted) -> int:
    """Serve until a signal; returns the exit code. TeleviseError where it cannot be done."""
    reading = Reading(wanted)
    return asyncio.run(_serve(wanted.plan(), reading))


def run_fleet(fleet: "Fleet") -> int:
    """Run several hubs until a signal; returns the exit code. TeleviseError where one cannot be."""
    return asyncio.run(_run_fleet(fleet))


def run_push(spec: SourceSpec, target: "Target") -> int:
    """Publish until a signal; returns the exit code. TeleviseError where it cannot be done."""
    return asyncio.run(_push(spec, target))


async def _push(spec: SourceSpec, target: "Target") -> int:
    from televise.push.pushing import push

    events.configure()
    stop = asyncio.Event()
    on_signal(stop)
    sys.stdout.write(
        f"televise {televise.__version__}\n  {printable(spec.shown)} to {target.shown}\n"
    )
    sys.stdout.write("Ctrl+C to stop.\n")
    sys.stdout.flush()
    await push(spec, target, stop)
    return 0


async def _run_fleet(fleet: "Fleet") -> int:
    stop = asyncio.Event()
    on_signal(stop)
    loop = asyncio.get_running_loop()
    running, stopped = loop.create_task(fleet.run()), loop.create_task(stop.wait())
    await asyncio.wait([running, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    return 0


async def _serve(plan: Plan, reading: Reading) -> int:
    events.configure()
    events.hold()
    stop = asyncio.Event()
    on_signal(stop)
    reading.hear_signal()
    server = Server(plan.specs, plan.settings, plan.typed)
    end_log = events.release
    loop = asyncio.get_running_loop()
    greeted = asyncio.Event()
    tasks = [loop.create_task(_release_log(server, greeted))]
    try:
        await _start(server, stop)
        if stop.is_set():
            return 0
        _greet(server)
        greeted.set()
        tasks.append(loop.create_task(reading.run(server.change)))
        async with systemd.alive():
            await _until_end(server, stop)
    except TeleviseError:
        end_log = events.forget
        raise
    finally:
        for task in tasks:
            task.cancel()
        await server.close()
        end_log()
    return 0


async def _start(server: Server, stop: asyncio.Event) -> None:
    """Start it, but no longer than until the signal."""
    loop = asyncio.get_running_loop()
    starting, stopped = loop.create_task(server.start()), loop.create_task(stop.wait())
    await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if starting.done():
        starting.result()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)


async def _release_log(server: Server, greeted: asyncio.Event) -> None:
    begun = [asyncio.create_task(each) for each in (server.opening.settled(), greeted.wait())]
    await asyncio.wait(begun, timeout=STARTED_SECONDS)
    events.release()


async def _until_end(server: Server, stop: asyncio.Event) -> None:
    """Wait for the signal, or for a source that proves to be a mistake, which is raised."""
    loop = asyncio.get_running_loop()
    failure, stopped = loop.create_task(server.opening.failed()), loop.create_task(stop.wait())
    await asyncio.wait([failure, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not stop.is_set():
        raise failure.result()
    failure.cancel()


def _greet(server: Server) -> None:
    lines = [f"televise {televise.__version__}"]
    for channel in server.hub.channels:
        shown = printable(channel.spec.shown)
        lines.append(f"  {channel.name}: {server.url}/{channel.name}  ({shown})")
    if not server.hub.channels:
        lines.append(f"  {server.url}/  (channels that are still to come)")
    if elsewhere := server.url_elsewhere:
        lines.append(f"  From other machines: {elsewhere}/")
    if server.private:
        lines.append("  Watching needs a key: televise token CHANNEL --can view")
    for mounted in server.dialects:
        lines.append(f"  as {mounted.name}: port {mounted.port}")
    if server.processes > 1:
        lines.append(f"  {server.processes} fan-out processes serve the viewers")
    lines.append("Ctrl+C to stop.")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
