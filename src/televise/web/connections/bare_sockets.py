"""BareSockets: those that have taken everything so far, and take the same bytes next."""

import socket
from array import array
from collections.abc import Callable

from televise.web.connections.ring import ring_of_this_thread

# From so many on, one system call for all is cheaper than one for each (`bench/ring.py`).
MANY = 128


class BareSockets:
    """Known by their positions. A socket must leave before it is closed."""

    def __init__(self) -> None:
        # Only these are touched for each message: with a thousand viewers the processor's cache
        # decides what it costs.
        self._sends: list[Callable[[bytes], int]] = []
        self._descriptors = array("i")

    def __len__(self) -> int:
        return len(self._sends)

    def add(self, one: socket.socket) -> None:
        """At the last position."""
        self._sends.append(one.send)
        self._descriptors.append(one.fileno())

    def remove(self, position: int) -> None:
        """Those behind it move up."""
        del self._sends[position], self._descriptors[position]

    def send(self, data: bytes) -> list[tuple[int, int]]:
        """The positions of those that did not take all at once, because of an error or as they are
        full, with how many bytes they took."""
        if len(self._sends) >= MANY and (ring := ring_of_this_thread()) is not None:
            return ring.send(self._descriptors, data)
        return self._send_to_each(data)

    def _send_to_each(self, data: bytes) -> list[tuple[int, int]]:
        size, short = len(data), []
        for position, send in enumerate(self._sends):
            try:
                sent = send(data)
            except OSError:
                sent = 0
            if sent != size:
                short.append((position, sent))
        return short
