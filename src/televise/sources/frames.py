"""Pictures and sound that a Python program shows, through memory that it shares with us."""

import contextlib
import os
import socket
import sys
import threading
import time

from televise.errors import FormatError, LinkError, SourceError
from televise.link.frames import UNWATCHED, WATCHED, Memory, Receiver, Samples
from televise.link.mailbox import Reader
from televise.link.messages import State
from televise.media.shown import Shown, audio_frame, audio_input
from televise.media.source import Feed, Input
from televise.model.track import Kind

# A picture is fed anew so often where no other follows: encoders and players expect some.
REPEAT_SECONDS = 1.0
# Sound whose time is off by more than this is put at its own time; less is how a program runs.
DRIFT_MICROSECONDS = 250_000


class FramesSource:
    """Reads what the program that listens at ``path`` shows, whenever that is."""

    watched = False

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._somebody: bool | None = None
        self._inputs: list[Input] = []
        self._kinds: dict[Kind, object] = {}
        self._mailbox: Reader | None = None
        self._sequence = 0
        self._first_fed_at = self._fed_at = 0.0
        self._sound_end = 0

    def run(self, feed: Feed) -> None:
        """Feed until the program ends the channel. SourceError, final, where that is so."""
        _let_others_finish()
        with self._connect() as connection:
            connection.settimeout(REPEAT_SECONDS)
            # The other end is a new one, and knows nothing yet.
            self._somebody, self._mailbox = None, None
            feed.on_watched(lambda somebody: self._note_watched(feed, connection, somebody))
            try:
                self._hear(feed, connection)
            except LinkError as error:
                raise SourceError(f"the program cannot be understood: {error}") from error

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self._path)
        except OSError as error:
            connection.close()
            text = "no program shows frames here (any more)"
            raise SourceError(f"{self._path}: {text}: {error.strerror}", final=True) from None
        return connection

    def _note_watched(self, feed: Feed, connection: socket.socket, somebody: bool) -> None:
        with self._lock:
            if somebody == self._somebody:
                return
            self._somebody = somebody
            if not somebody and self._inputs:
                feed.opened(self._inputs)  # what is old when somebody comes is not to be shown
            self._fed_at = time.monotonic()  # nor now: the program sends its newest
        with contextlib.suppress(OSError):  # else the program has just gone
            connection.sendall(WATCHED if somebody else UNWATCHED)

    def _hear(self, feed: Feed, connection: socket.socket) -> None:
        receiver = Receiver()
        while not feed.stopping:
            for message in receiver.feed(*_receive(connection)):
                if isinstance(message, Memory):
                    self._mailbox, self._sequence = Reader(message.descriptor), 0
                elif isinstance(message, Samples):
                    self._feed_sound(feed, message)
            try:
                self._feed_picture(feed)
            except FormatError as error:  # the next may be better
                feed.set_state(State("offline", str(error)))

    def _feed_picture(self, feed: Feed) -> None:
        """Feed the newest picture, if it is another one, or was fed long ago."""
        mailbox, now = self._mailbox, time.monotonic()
        if mailbox is None or not (sequence := mailbox.sequence):
            return
        if sequence != self._sequence:
            self._sequence, self._first_fed_at = sequence, now
        elif now - self._fed_at < REPEAT_SECONDS or not self._somebody:
            return
        if (shown := mailbox.read(Shown.copy)) is not None:
            self._show(feed, shown, mailbox.fps, now - self._first_fed_at)

    def _show(self, feed: Feed, shown: Shown, fps: float, repeated: float) -> None:
        with self._lock:
            if self._is_new("video", shown.format):
                self._open(feed, shown.describe(fps))
            if not self._somebody:
                feed.set_state(State("live"))
                return
            if shown.meta:
                feed.note(shown.captured, shown.meta)
            self._fed_at = time.monotonic()
            shown.feed(feed, repeated)

    def _feed_sound(self, feed: Feed, samples: Samples) -> None:
        with self._lock:
            if not self._somebody:
                return
            if self._is_new("audio", (samples.rate, samples.channels, samples.format)):
                self._open(feed, audio_input(samples))
            frame = audio_frame(samples)
            at = samples.captured // 1000
            if abs(at - self._sound_end) < DRIFT_MICROSECONDS:
                at = self._sound_end
            frame.pts = at
            self._sound_end = at + round(frame.samples / frame.sample_rate * 1_000_000)
            feed.frame(len(self._inputs) - 1, frame, samples.captured)

    def _is_new(self, track: Kind, kind: object) -> bool:
        """Whether encoders must be told, as what comes on ``track`` is of another ``kind``."""
        before, self._kinds[track] = self._kinds.get(track), kind
        return kind != before

    def _open(self, feed: Feed, source: Input) -> None:
        """Tell of a new input: the picture is the first, then comes sound."""
        others = [each for each in self._inputs if each.kind != source.kind]
        self._inputs = sorted([*others, source], key=lambda each: each.kind == "audio")
        feed.opened(self._inputs)


def _let_others_finish() -> None:
    """The program wakes this thread in the middle of its `show`: it is not to be interrupted by
    that, where there is no other processor (sched(7): SCHED_BATCH, of Linux)."""
    if sys.platform == "linux" and os.sched_getscheduler(0) == os.SCHED_OTHER:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    """The next bytes, and descriptors with them; nothing where nothing comes for a while."""
    try:
        data, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 4)
    except TimeoutError:
        return b"", []
    except ConnectionError:
        data = b""
    if not data:
        raise SourceError("the program has ended this channel", final=True)
    return data, descriptors
