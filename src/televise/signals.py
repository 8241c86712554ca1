"""Signals: how a command is told to end."""

import asyncio
import os
import signal
import sys


def on_signal(stop: asyncio.Event) -> None:
    """The first signal sets ``stop``, so that it ends politely; the second ends it at once."""
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(interrupted))
        else:
            loop.add_signal_handler(number, interrupted)
