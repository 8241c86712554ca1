"""Viewer: one socket that a pump feeds."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

from televise import events
from televise.formats.websocket import RESTARTING, close_frame
from televise.hub.muxed import Chunk
from televise.hub.skips import Skips
from televise.model.dropped import NOTHING, Dropped
from televise.model.log import Cursor
from televise.web import envelope
from televise.web.connections.connection import Connection

if TYPE_CHECKING:
    from televise.web.pump import Pump

STALL_SECONDS = 8.0


class Viewer:
    """One socket that is fed. ``told`` ones also take text messages between the media.

    It is *live* while it has been given everything; when its socket takes no more it becomes a
    position in the log, and it goes on from there, or from the newest keyframe, later.
    """

    # Whether it is another hub, whose own viewers count instead of it.
    relays = False

    def __init__(self, pump: "Pump", connection: Connection, max_latency: float) -> None:
        assert connection.transport is not None
        self.transport = connection.transport
        self.bare = connection.bare
        self._connection = connection
        self._kind = pump.muxed.kind
        self.cursor = Cursor(pump.muxed.log, max_latency)
        self._skips = Skips(pump.muxed, self.cursor)
        self.told = False
        self.websocket = False
        self.pace = 0.0
        self.burst = 0.0
        self.init = b""
        self.live = False
        self._started = False
        self._first = 0
        self._dropped_before = NOTHING
        self._rest: asyncio.TimerHandle | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pump = pump
        # What was written before, such as the answer's head, may be waiting for room.
        left = self.transport.get_write_buffer_size()
        self._paused = left > 0
        self._waiting: dict[str, bytes] = {}
        self._progress = (left, time.monotonic())
        pump.viewers.append(self)

    @property
    def channel(self) -> str:
        """The name of what it watches."""
        return self._pump.channel

    @property
    def offered(self) -> int:
        """Chunks since it began; those that are neither `delivered` nor skipped wait for it."""
        return self._pump.muxed.log.end - self._first if self._started else 0

    @property
    def delivered(self) -> int:
        """Chunks that were written to its socket."""
        if not self._started:
            return 0
        position = self._pump.muxed.log.end if self.live else self.cursor.position
        return position - self._first - self.cursor.skipped

    @property
    def waiting(self) -> int:
        """Chunks that it is yet to be given."""
        return self.offered - self.delivered - self.cursor.skipped

    @property
    def dropped(self) -> Dropped:
        """Packets since it began that it does not get: what this hub did not have, and what it was
        too slow for."""
        if not self._started:
            return NOTHING
        before_us = self._pump.muxed.gaps.total - self._dropped_before
        return before_us + Dropped(slow=self.cursor.skipped)

    def start(self) -> None:
        """Begin with the newest keyframe (or `burst` before), unless it has ended already."""
        if self.closed.done() or self.transport.is_closing():
            return
        self.cursor = Cursor(self._pump.muxed.log, self.cursor.max_latency, self.burst)
        self._first = self.cursor.position
        gaps, end = self._pump.muxed.gaps, self._pump.muxed.log.end
        self._dropped_before = gaps.total - gaps.between(self._first + 1, end)
        self._skips = Skips(self._pump.muxed, self.cursor)
        self._started = True
        self.catch_up()

    def stop(self) -> None:
        """Send nothing, until it is started again."""
        if self.live:
            self._pump.leave(self)
        self._started = False

    def pause(self) -> None:
        """The socket takes no more: remember where to go on."""
        self._paused = True
        self._progress = (self._connection.unsent, time.monotonic())
        if self.live:
            self._pump.leave(self)
            self.cursor.position = self._pump.muxed.log.end

    def resume(self) -> None:
        """The socket takes more again."""
        self._paused = False
        if self._waiting:
            text = b"".join(self._waiting.values())
            self._waiting.clear()
            self.transport.write(text)
        self.catch_up()

    def lost(self) -> None:
        """The socket is gone."""
        if self._rest is not None:
            self._rest.cancel()
        self._pump.remove(self)
        if not self.closed.done():
            self.closed.set_result(None)

    def catch_up(self) -> None:
        """Write from the position in the log on, until the newest chunk or a full socket."""
        while self._may_write:
            chunk = self.cursor.read()
            if chunk is None:
                self._pump.enter(self)
                return
            self._tell_skips()
            self._pump.sent += 1
            if self.pace:
                self._write_slowly(chunk)
            else:
                self.write(chunk)

    @property
    def _may_write(self) -> bool:
        takes = not self._paused and not self.transport.is_closing()
        return takes and self._started and self._rest is None

    def _write_slowly(self, chunk: Chunk) -> None:
        """One message, and then a rest: not every client can take several at once."""
        if self.init is chunk.init:
            self.transport.write(chunk.data)
        else:
            self.init = chunk.init
            self.transport.write(chunk.init)
            self.cursor.position -= 1
        self._rest = asyncio.get_running_loop().call_later(self.pace, self._go_on)

    def _go_on(self) -> None:
        self._rest = None
        self.catch_up()

    def write(self, chunk: Chunk) -> None:
        """Write one chunk, after its init where this viewer does not have it."""
        if self.init is chunk.init:
            self.transport.write(chunk.data)
        elif self.init and self._kind.one_init:
            self.end(RESTARTING, "the picture has another size now")
        elif self.init and self._kind.keeps_init:
            self.init = chunk.init
            self.transport.write(chunk.data)
        else:
            self.init = chunk.init
            self.transport.write(chunk.init + chunk.data)

    def put(self, data: bytes) -> None:
        """Write a chunk where the socket cannot be written to, as it speaks TLS."""
        self.transport.write(data)

    def tell(self, text: bytes, kind: str = "state") -> None:
        """Send a text message, now or when the socket takes it; one of its kind replaces it."""
        if self._paused:
            self._waiting[kind] = text
        elif not self.transport.is_closing():
            self.transport.write(text)

    def answer(self, text: bytes) -> None:
        """Send a text message now or never: later it is not true."""
        if not self._paused and not self.transport.is_closing():
            self.transport.write(text)

    def end(self, code: int, reason: str) -> None:
        """Close politely if the socket takes that at once, else at once."""
        self.stop()
        if self._paused:
            self.transport.abort()
        if self.transport.is_closing():
            return
        if self.websocket:
            self.transport.write(close_frame(code, reason))
        self.transport.close()

    def drop_if_stalled(self, now: float) -> None:
        """Abort where nothing was taken for too long."""
        if not self._paused:
            return
        left, since = self._progress
        size = self._connection.unsent
        # That more is waiting (an answer to a ping) is no progress.
        self._progress = (size, now if size < left else since)
        if size >= left and now - since > STALL_SECONDS:
            events.info("viewer dropped", reason=f"it took nothing for {STALL_SECONDS:.0f} s")
            self.transport.abort()

    def _tell_skips(self) -> None:
        count, missing = self._skips.take()
        if count:
            self._pump.skipped += count
            self.tell_skips(count, missing)

    def tell_skips(self, count: int, dropped: Dropped) -> None:
        """It was too slow for ``count`` chunks, among which those packets were missing already."""
        if self.told:
            self.transport.write(envelope.skipped(self._pump.channel, count, dropped))

    def tell_ledger(self) -> None:
        """Say what became of all that it was offered; it is true of what was sent before it."""
        self.tell(
            envelope.ledger(self.channel, self.delivered, self.waiting, self.dropped), "ledger"
        )

    def account(self) -> dict[str, Any]:
        """The same as JSON values."""
        counts = {"delivered": self.delivered, "waiting": self.waiting}
        return {"channel": self.channel, **counts, "dropped": self.dropped.to_json()}
