"""Socket options: what the kernel is told of a connection."""

import contextlib
import socket
import sys

# Data that the other side has not acknowledged for so long means that it is gone.
UNACKNOWLEDGED_MILLISECONDS = 8_000
# What the kernel may hold back unsent: what a slow viewer sees late is little more than this.
UNSENT_BYTES = 16_384
_TCP_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", 25)
_OPTIONS = (
    ("TCP_NODELAY", 1),
    ("TCP_KEEPIDLE", 10),
    ("TCP_KEEPINTVL", 5),
    ("TCP_KEEPCNT", 3),
    ("TCP_USER_TIMEOUT", UNACKNOWLEDGED_MILLISECONDS),
)


def set_options(connection: socket.socket) -> None:
    """Send at once, hold little back, and notice a peer that is gone; where the system can."""
    connection.setblocking(False)
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS:
        option = getattr(socket, name, None)
        if option is not None:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, option, value)
    if sys.platform == "linux":
        connection.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, UNSENT_BYTES)
