"""Loop probe: what in another process keeps its event loop from everything else.

It counts processor time, and calls that wait for something else: a busy machine makes neither of
them more. That is why it is not asyncio's debug mode, which looks at the clock.
"""

import asyncio
import json
import math
import sys
import threading
import time
from pathlib import Path
from typing import Any

# What waits for a name server.
LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
# What takes long to load: another thread is to do that.
LARGE = ("prometheus_client", "numpy", "av")
# The process imports this first; it says for itself whether it is meant.
CUSTOMIZE = """
import sys
if {word!r} in sys.orig_argv:
    from tests.support import loop_probe
    loop_probe.watch({file!r}, {most!r})
"""


def probing(folder: Path, word: str, most: float, *paths: Path) -> dict[str, str]:
    """The environment in which a Python process with ``word`` in its command line, and none of its
    children, is looked at; ``most`` seconds of processor time are not too much."""
    text = CUSTOMIZE.format(word=word, file=str(folder / "held"), most=most)
    (folder / "sitecustomize.py").write_text(text)
    return {"PYTHONPATH": ":".join(map(str, (folder, *paths)))}


def held(folder: Path, since: float = 0.0, over: float = 0.0) -> list[str]:
    """What has held up its loop since that monotonic time, for more than ``over`` seconds of the
    processor, or waiting."""
    file = folder / "held"
    lines = file.read_text().splitlines() if file.exists() else []
    return [what for began, took, what in map(json.loads, lines) if began >= since and took > over]


def watch(file: str, most: float) -> None:
    """Note in ``file`` what holds up the loop of this process, from now on."""
    run, sleep, main = asyncio.Handle._run, time.sleep, threading.get_ident()

    def note(what: str, took: float = math.inf) -> None:
        with Path(file).open("a") as notes:
            notes.write(json.dumps([time.monotonic(), took, what]) + "\n")

    def timed(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        if (took := time.thread_time() - began) > most:
            note(f"{took:.3f} s of {handle!r}", took)

    def heard(event: str, arguments: Any) -> None:
        if event in LOOKUPS and threading.get_ident() == main:
            note(f"{event}{arguments!r}")
        elif event == "import" and arguments[0] in LARGE and threading.get_ident() == main:
            note(f"import {arguments[0]}")

    def slept(seconds: float) -> None:
        if threading.get_ident() == main:
            note(f"time.sleep({seconds!r})")
        sleep(seconds)

    setattr(asyncio.Handle, "_run", timed)  # noqa: B010
    setattr(time, "sleep", slept)  # noqa: B010
    sys.addaudithook(heard)
