"""Outlet: the socket at which a channel's worker takes pictures and sound."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

from televise.link.frames import WATCHED, Samples, encode_samples
from televise.link.mailbox import Head, Writer
from televise.program.background import Background
from televise.program.outbox import Outbox
from televise.program.picture import Picture


class Outlet:
    """Listens at ``path`` for a worker; a new one takes the place of the last.

    ``wanted`` is called in the background whenever somebody begins to watch, and for a new worker,
    which is told of nothing older.
    """

    def __init__(
        self, path: Path, fps: float, background: Background, wanted: Callable[[], None]
    ) -> None:
        self._path = path
        self._fps = fps
        self._background = background
        self._wanted = wanted
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._outbox: Outbox | None = None
        self._mailbox: Writer | None = None
        self._is_told = False
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.setblocking(False)
        self._listening.bind(str(path))
        self._listening.listen(4)
        self._closed = False
        # Whether somebody watches; read without a lock.
        self.watched = False
        background.soon(background.loop.add_reader, self._listening, self._accept)

    @property
    def dropped(self) -> int:
        """Blocks of sound that the worker in place did not take in time."""
        return 0 if self._outbox is None else self._outbox.dropped

    def put(self, picture: Picture, captured: int, meta: bytes) -> None:
        """Copy ``picture``, to be published. InputError where it proves not to be one; OSError."""
        head = Head(picture.width, picture.height, picture.format, captured)
        with self._lock:
            if not self._closed:
                mailbox = self._mailbox_for(picture.length + len(meta))
                mailbox.write(head, picture.length, picture.fill, meta)

    def publish(self) -> None:
        """Make what was put last the newest."""
        with self._lock:
            if self._mailbox is None:
                return
            self._mailbox.publish()
            if self._outbox is not None:
                self._tell(self._outbox, self._mailbox)

    def put_sound(self, samples: Samples) -> None:
        """Send sound, where a worker is there."""
        if (outbox := self._outbox) is not None:
            outbox.put(encode_samples(samples))

    def close(self) -> None:
        """In the background: end the channel, and leave nothing open."""
        self._background.loop.remove_reader(self._listening)
        with self._lock:
            self._closed = True
            self._disconnect()
            self.abandon()
        self._path.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Close the descriptors; in a forked child those of the parent are not touched by that."""
        self._listening.close()
        if self._connection is not None:
            self._connection.close()
        if self._mailbox is not None:
            self._mailbox.close()
            self._mailbox = None

    def _mailbox_for(self, length: int) -> Writer:
        """The mailbox, a larger one where the picture does not fit."""
        before = self._mailbox
        if before is not None and before.capacity >= length:
            return before
        self._mailbox, self._is_told = Writer(length, self._fps), False
        if before is not None:
            before.close()
        return self._mailbox

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:  # it has gone again
            return
        connection.setblocking(False)
        with self._lock:
            self._disconnect()
            self._connect(connection)
        self._wanted()

    def _connect(self, connection: socket.socket) -> None:
        self._connection = connection
        self._outbox = Outbox(connection, self._background)
        self._is_told = False
        self._background.loop.add_reader(connection, self._hear, connection)

    def _tell(self, outbox: Outbox, mailbox: Writer) -> None:
        """Let the worker look into the mailbox, which it may not have yet."""
        if not self._is_told:
            self._is_told = True
            outbox.put_memory(mailbox.descriptor)
        outbox.wake()

    def _hear(self, connection: socket.socket) -> None:
        try:
            said = connection.recv(64)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            with self._lock:
                self._disconnect()
            return
        self.watched = said[-1:] == WATCHED
        if self.watched:
            self._wanted()

    def _disconnect(self) -> None:
        self.watched = False
        if self._outbox is not None:
            self._outbox.close()
        if self._connection is not None:
            self._background.loop.remove_reader(self._connection)
            self._background.loop.remove_writer(self._connection)
            self._connection.close()
        self._connection = self._outbox = None
