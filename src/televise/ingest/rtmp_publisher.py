"""Publisher: one who publishes by RTMP, from connection to end."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Protocol

from televise import events
from televise.errors import Forbidden, OverSize, PeerError, TeleviseError, Unauthorized
from televise.formats import flv
from televise.formats.rtmp import Event, Media, Publish, Refused, Session
from televise.ingest.refusal import refused
from televise.model import refusals

# From the connection's begin, or the end of what it published, until it publishes; and how long it
# has to go once it is told to.
START_SECONDS = 10.0
# A publisher from which no byte comes for so long is gone.
IDLE_SECONDS = 30.0
# Events and messages of one publisher before everybody else has a turn; real ones send fewer.
MESSAGES_A_TURN = 200


class Publishing(Protocol):
    """One publisher's hold on a channel."""

    closed: "asyncio.Future[str]"
    """Done, with one line of text, when the channel sends the publisher away."""

    @property
    def writable(self) -> asyncio.Event:
        """Clear while the channel's worker is behind."""

    def write(self, data: bytes) -> None:
        """The next bytes of the stream."""

    def close(self) -> None:
        """The publisher has gone."""


Seat = Callable[[str, str, str, str], Publishing]
"""Channel name, token, address and format ("flv") to a hold; TeleviseError where there is none."""


class Publisher(asyncio.Protocol):
    """One connection, which is among the ``connections`` while it stands: runs its session, and
    hands the media on as FLV. A message of it may have ``most`` bytes. Who comes with a wrong key
    waits for the ``delay`` of its address."""

    def __init__(
        self,
        seat: Seat,
        connections: "set[Publisher]",
        web_url: str,
        most: int,
        delay: Callable[[str], float],
    ) -> None:
        self._seat = seat
        self._connections = connections
        self._delay = delay
        self._session = Session(web_url, most)
        self._loop = asyncio.get_running_loop()
        self._publishing: Publishing | None = None
        self._name = self._address = ""
        self._unsent = False
        self._waiting: asyncio.Task[None] | None = None
        # What has come and is still to be looked at, and when that goes on.
        self._events: Iterator[Event | None] = iter(())
        self._turn: asyncio.Handle | None = None
        self._heard = 0.0
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._address = str((transport.get_extra_info("peername") or ("unknown",))[0])
        self._timer = self._loop.call_later(START_SECONDS, self._expire)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._session.over:
            return
        self._heard = self._loop.time()
        self._events = chain(self._events, self._session.receive(data))
        if self._turn is None:
            self._work()

    def _work(self) -> None:
        """Look at what has come, for one turn of the loop."""
        self._turn, count = None, 0
        try:
            for event in islice(self._events, MESSAGES_A_TURN):
                self._take(event)
                count += 1
        except PeerError as error:
            refusals.counts["message_megabytes"] += isinstance(error, OverSize)
            events.warning("RTMP connection ended", address=self._address, error=str(error))
            self.abort()
        else:
            if count == MESSAGES_A_TURN:
                self._turn = self._loop.call_soon(self._work)
            self._flush()

    def pause_writing(self) -> None:
        # Who asks and does not read the answers is not read either.
        self._unsent = True
        self._regulate()

    def resume_writing(self) -> None:
        self._unsent = False
        self._regulate()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave("the connection was closed")
        self._timer.cancel()
        if self._turn is not None:
            self._turn.cancel()
        self._connections.discard(self)
        self.gone.set()

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def _take(self, event: Event | None) -> None:
        if event is None:
            return
        if isinstance(event, Publish):
            self._sit_down(event)
        elif isinstance(event, Media):
            if self._publishing is not None:
                self._publishing.write(flv.tag(event.kind, event.timestamp, event.data))
        elif isinstance(event, Refused):
            refused(event.name, self._address, event.reason)
        else:
            self._leave("it ended the stream")

    def _sit_down(self, event: Publish) -> None:
        try:
            publishing = self._seat(event.name, event.token, self._address, "flv")
        except (Unauthorized, Forbidden) as error:
            self._refuse_later(event.name, str(error))
            return
        except TeleviseError as error:
            self._refuse(event.name, str(error))
            return
        self._name, self._publishing = event.name, publishing
        publishing.write(flv.HEADER)
        publishing.closed.add_done_callback(self._send_away)
        self._session.accept()
        self._wait_for(IDLE_SECONDS)

    def _refuse_later(self, name: str, reason: str) -> None:
        """Whoever comes with wrong keys again and again has to wait."""
        if seconds := self._delay(self._address):
            self._loop.call_later(seconds, self._refuse, name, reason)
        else:
            self._refuse(name, reason)

    def _refuse(self, name: str, reason: str) -> None:
        if self._transport.is_closing() or self._publishing is not None:
            return
        refused(name, self._address, reason)
        self._session.refuse(reason)
        self._flush()

    def _leave(self, reason: str) -> None:
        publishing, self._publishing = self._publishing, None
        if publishing is None:
            return
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        publishing.closed.remove_done_callback(self._send_away)
        publishing.close()
        self._wait_for(START_SECONDS)
        self._tell("publisher left", channel=self._name, reason=reason)

    def _send_away(self, closed: "asyncio.Future[str]") -> None:
        self._session.dismiss(closed.result())
        self._leave(closed.result())
        self._flush()

    def _flush(self) -> None:
        if data := self._session.data_to_send():  # none comes after its end
            self._transport.write(data)
        if self._session.over and not self._transport.is_closing():
            # Closing a socket that has not been read to its end takes back what was sent to it.
            self._transport.write_eof()
        self._regulate()

    def _regulate(self) -> None:
        """Read on, or wait for the worker to take what there is, or the peer what it asked for, or
        for the next turn."""
        if self._transport.is_closing():
            return
        behind = self._publishing is not None and not self._publishing.writable.is_set()
        if behind or self._unsent or self._turn is not None:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
        if behind and self._waiting is None:
            self._waiting = self._loop.create_task(self._wait_for_worker())

    async def _wait_for_worker(self) -> None:
        assert self._publishing is not None
        await self._publishing.writable.wait()
        self._waiting = None
        self._heard = self._loop.time()
        self._regulate()

    def _wait_for(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        """Nothing has come in time, unless something has since, or could not because of us."""
        if self._waiting is not None:
            self._wait_for(IDLE_SECONDS)
        elif self._publishing and (left := self._heard + IDLE_SECONDS - self._loop.time()) > 0:
            self._wait_for(left)
        else:
            self._tell("RTMP connection timed out", channel=self._name)
            self.abort()

    def _tell(self, event: str, **fields: str) -> None:
        events.info(event, **fields, address=self._address)
