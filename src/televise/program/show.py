"""show: `cv2.imshow` for browsers."""

import os
import sys
import threading
import time
from typing import Any

from televise.program.arguments import check_channel
from televise.program.channel import Channel
from televise.program.picture import Colors
from televise.program.server import Server

PORT = 8080

_lock = threading.Lock()
_server: Server | None = None
_channels: dict[str, Channel] = {}


def show(name: str, frame: Any, *, colors: Colors = "rgb", meta: Any = None) -> int:
    """Show ``frame`` on channel ``name``; see `Channel.show` for what it may be.

    The first call starts a server on port 8080 of this machine, or the next free one, and says on
    standard error where to look; it ends with the program. Where it was killed, and in a forked
    child, the next call starts another. Each name is a channel. Returns the number of the picture
    in its channel. InputError, Unavailable.
    """
    with _lock:
        check_channel(name)
        _check_server()
        channel = _channels.get(name) or _make_channel(name)
    return channel.show(frame, colors=colors, meta=meta)


def wait(seconds: float | None = None) -> None:
    """Keep the program, and what it shows, for ``seconds``, or until Ctrl+C."""
    if seconds is not None:
        time.sleep(seconds)
        return
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        sys.stderr.write("\n")


def _check_server() -> None:
    """Start one where there is none (any more)."""
    global _server  # noqa: PLW0603 - there is one for the whole program
    if _server is None or _server.closed:
        if _server is not None:
            _server.close()
        _channels.clear()
        _server = Server(PORT, or_next=True)


def _make_channel(name: str) -> Channel:
    assert _server is not None
    channel = _channels[name] = _server.channel(name)
    sys.stderr.write(f"televise: {name} is at {channel.url}\n")
    sys.stderr.flush()
    return channel


def _forked() -> None:
    """In a forked child: whoever held the lock is not there."""
    global _lock  # noqa: PLW0603 - as above
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
