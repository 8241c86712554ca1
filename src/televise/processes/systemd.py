"""systemd: tells the service manager that we are ready, that we live, and that we stop.

As in sd_notify(3): a datagram to the socket that the environment names, and nothing where it names
none.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def alive() -> AsyncIterator[None]:
    """Ready when it is entered, stopping when it is left; between them, a sign of life as often as
    the unit's WatchdogSec wants it. It comes from the event loop: one that hangs gives none."""
    _say("READY=1")
    watchdog = asyncio.get_running_loop().create_task(_watchdog(_seconds()))
    try:
        yield
    finally:
        watchdog.cancel()
        _say("STOPPING=1")


async def _watchdog(seconds: float) -> None:
    while seconds:
        _say("WATCHDOG=1")
        await asyncio.sleep(seconds / 3)


def _seconds() -> float:
    """After so much silence the service manager kills us; 0 where it does not."""
    theirs = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdecimal() and theirs == str(os.getpid()) else 0


def _say(text: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return
    # "@" stands for the zero with which names outside of the file system begin.
    name = f"\0{address[1:]}" if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(text.encode(), name)
