"""Inbox: what publishers send, between the thread that hears the hub and the one that reads it."""

import threading
import time
from collections import deque
from collections.abc import Callable

from televise.errors import SourceError
from televise.link.messages import Data, Ended, Finish, Publish, Taken

# A publisher that says nothing for so long is sent away: it may be gone, or hang.
IDLE_SECONDS = 20.0


class Inbox:
    """The bytes of one publisher after another; each is ended by the next."""

    def __init__(self, send: Callable[[Taken | Ended], None]) -> None:
        self._send = send
        self._change = threading.Condition()
        self._current: Publish | None = None
        self._chunks: deque[bytes] = deque()
        self._finished = True
        self._heard = 0.0

    def hear(self, message: Publish | Data | Finish) -> None:
        """What the hub says."""
        with self._change:
            self._heard = time.monotonic()
            if isinstance(message, Publish):
                self._current, self._finished = message, False
                self._chunks.clear()
            elif self._current is not None and message.id == self._current.id:
                if isinstance(message, Data):
                    self._chunks.append(message.data)
                else:
                    self._finished = True
            self._change.notify_all()

    def next(self, last: Publish | None) -> Publish:
        """Wait for a publisher after ``last``."""
        with self._change:
            self._change.wait_for(lambda: self._current is not None and self._current is not last)
            assert self._current is not None
            return self._current

    def wait(self, publisher: Publish, seconds: float) -> bool:
        """Whether within so many ``seconds`` there is something to `read`, or it is certain that
        there will be nothing: it has gone, or been silent for too long."""
        with self._change:
            if time.monotonic() - self._heard > IDLE_SECONDS:
                return True
            return self._change.wait_for(lambda: self._is_answer(publisher), seconds)

    def read(self, publisher: Publish, size: int) -> bytes:
        """At most ``size`` of the next bytes of ``publisher``, when there are any; none where it
        has gone. SourceError, once, where it has said nothing for too long."""
        with self._change:
            if not self._change.wait_for(lambda: self._is_answer(publisher), IDLE_SECONDS):
                self._finished = True  # FFmpeg tries again
                raise SourceError(f"it sent nothing for {IDLE_SECONDS:.0f} s")
            if self._current is not publisher or not self._chunks:
                return b""
            data = self._chunks.popleft()
            if len(data) > size:
                self._chunks.appendleft(data[size:])
                data = data[:size]
        self._send(Taken(publisher.id, len(data)))
        return data

    def end(self, publisher: Publish, text: str = "") -> None:
        """All of ``publisher`` has been read; ``text`` says why it cannot be shown."""
        self._send(Ended(publisher.id, text))

    def _is_answer(self, publisher: Publish) -> bool:
        return bool(self._chunks) or self._finished or self._current is not publisher
