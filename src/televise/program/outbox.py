"""Outbox: what goes to a worker over its socket, without ever waiting for it."""

import contextlib
import os
import socket
import threading
from collections import deque

from televise.link.frames import MEMORY, WAKE
from televise.program.background import Background

# So much sound may wait; older is dropped.
MAX_WAITING = 1 << 20


class Outbox:
    """Sends at once what the socket takes, and the rest in the background. For any thread."""

    def __init__(self, connection: socket.socket, background: Background) -> None:
        self._socket = connection
        self._background = background
        self._lock = threading.Lock()
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._begun = False
        self._closed = False
        self.dropped = 0

    def wake(self) -> None:
        """Make the worker look for a new picture."""
        with self._lock:
            if not self._waiting and not self._closed:
                # What the socket has no room for would be one of many that are not read yet.
                with contextlib.suppress(OSError):
                    self._socket.send(WAKE)

    def put_memory(self, descriptor: int) -> None:
        """Hand over a mailbox; the descriptor stays the caller's."""
        self._put(MEMORY, os.dup(descriptor))

    def put(self, message: bytes) -> None:
        """Send a message, in place of older ones where too much waits."""
        self._put(message, -1)

    def close(self) -> None:
        """Send nothing more."""
        with self._lock:
            self._closed = True
            while self._waiting:
                _release(self._waiting.popleft()[1])

    def _put(self, message: bytes, descriptor: int) -> None:
        with self._lock:
            if self._closed:
                _release(descriptor)
                return
            self._waiting.append((message, descriptor))
            self._drop_old()
            if not self._send():
                self._background.soon(self._watch)

    def _drop_old(self) -> None:
        """Forget the oldest messages where too many wait, but none that has been begun."""
        while sum(len(message) for message, _ in self._waiting) > MAX_WAITING:
            start = 1 if self._begun else 0
            for index in range(start, len(self._waiting) - 1):
                if self._waiting[index][1] < 0:
                    del self._waiting[index]
                    self.dropped += 1
                    break
            else:
                return

    def _send(self) -> bool:
        """Send what can be sent; false where something is left."""
        while self._waiting:
            message, descriptor = self._waiting[0]
            try:
                count = socket.send_fds(self._socket, [message], _list(descriptor))
            except BlockingIOError:
                return False
            except OSError:
                count = len(message)  # the worker has gone
            _release(descriptor)
            self._begun = count < len(message)
            if self._begun:
                self._waiting[0] = message[count:], -1
            else:
                self._waiting.popleft()
        return True

    def _watch(self) -> None:
        """In the background: go on as soon as there is room."""
        with self._lock:
            if not self._closed and self._waiting:
                self._background.loop.add_writer(self._socket, self._go_on)

    def _go_on(self) -> None:
        with self._lock:
            if self._closed or self._send():
                self._background.loop.remove_writer(self._socket)


def _list(descriptor: int) -> list[int]:
    return [] if descriptor < 0 else [descriptor]


def _release(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)
