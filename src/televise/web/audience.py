"""Audience: who watches what, and what is made for them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import partial
from typing import Any

from aiohttp import web

from televise import events
from televise.errors import Unavailable
from televise.formats.websocket import GOING_AWAY, NOT_UNDERSTOOD, RESTARTING, close_frame
from televise.hub.channel import Channel
from televise.hub.encoding import Encoding
from televise.hub.hub import Hub
from televise.hub.muxed import MakeMuxer
from televise.model.rendition import Rendition
from televise.web import envelope
from televise.web.census import Census
from televise.web.connections.connection import Connection
from televise.web.limits import Admission
from televise.web.pump import Pump
from televise.web.share import OWN_PROCESS
from televise.web.shown import Shown, parse_shown
from televise.web.sockets import is_websocket
from televise.web.trust.access import access_of
from televise.web.trust.keys import Grant
from televise.web.trust.visits import Visits
from televise.web.viewer import Viewer

OnVisit = Callable[[Sequence[Grant], str], AbstractAsyncContextManager[None]]
"""Somebody is here with these grants while the block runs; who is here twice counts once."""


class Audience:
    """All viewers of this hub. ``on_report`` hears what players tell of the picture they show,
    ``on_input`` what people click and type there."""

    def __init__(self, hub: Hub, admission: Admission, version: str, visits: Visits) -> None:
        self.hub = hub
        self.admission = admission
        # Who counts the viewers of a channel: a fan-out process asks its hub.
        self.on_watch: Callable[[str], AbstractAsyncContextManager[None]] = admission.watching
        self.visits = visits
        # Who counts the viewers of an address besides us: a fan-out process asks its hub.
        self.on_enter: Callable[[str], AbstractAsyncContextManager[None]] = _uncounted
        # Who counts the viewers of a key besides them: a fan-out process asks its hub.
        self.on_visit: OnVisit = _uncounted
        self.on_report: Callable[[str, Shown], None] = _unheard
        self.on_input: Callable[[str, dict[str, Any]], None] = _unheard
        self.census = Census(hub)
        self.on_listen: Callable[[], None] = _nobody
        self.version = version
        self._pumps = self.census.pumps
        self._closing = False
        # Channels of which it is wanted what their viewers do.
        self.listening: set[str] = set()
        hub.on_channel(self._hear)

    def listen(self, channel: Channel) -> None:
        """What viewers of ``channel`` click and type is wanted from now on."""
        self.listening.add(channel.name)
        self.on_listen()
        hello = self.hello(channel)
        for owner, pump in self._pumps.values():
            if owner is channel:
                pump.tell(hello, "hello")

    def hello(self, channel: Channel) -> bytes:
        """The first message of a connection that watches ``channel``."""
        listens = channel.name in self.listening
        state, text, seconds = channel.state, channel.public_text, channel.seconds
        return envelope.hello(
            channel.name, state, text, self.version, seconds=seconds, listens=listens
        )

    def heard_input(self, name: str, message: dict[str, Any]) -> None:
        """What somebody did who watches the channel of this name, if that is wanted."""
        if name in self.listening:
            self.on_input(name, message)

    def reported(self, name: str, report: dict[str, Any]) -> None:
        """What a player tells of the picture of a channel that it shows. FormatError where that
        cannot be."""
        shown = parse_shown(report)
        self.on_report(name, shown)
        self.census.ages.reported(name, shown.age_ms)

    async def begun(self, encoding: Encoding, seconds: float) -> None:
        """Wait for the first packet or a refusal, but no longer than ``seconds``."""
        if encoding.log.newest is None and not encoding.refusal:
            await self.changed(encoding, seconds)

    async def changed(self, encoding: Encoding, seconds: float) -> None:
        """Wait for the next packet or a refusal, but no longer than ``seconds``."""
        event = asyncio.Event()
        encoding.listeners.add(event.set)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            encoding.listeners.discard(event.set)

    def drop_stalled(self) -> None:
        """Watchdog, called once a second."""
        now = time.monotonic()
        for _, pump in list(self._pumps.values()):
            for viewer in list(pump.viewers):
                viewer.drop_if_stalled(now)

    def close(self) -> None:
        """Send everybody away, and let nobody in."""
        self._closing = True
        for _, pump in list(self._pumps.values()):
            for viewer in list(pump.viewers):
                viewer.end(RESTARTING, "the server is restarting")

    @asynccontextmanager
    async def watching(
        self, request: web.Request, channel: Channel, rendition: Rendition
    ) -> AsyncIterator[Encoding]:
        """An encoding, kept running for one who is counted as a viewer while the block runs."""
        async with self.admitted(request), self.counted(request, channel):
            with self.acquired(channel, rendition) as encoding:
                yield encoding

    def counted(self, request: web.Request, channel: Channel) -> AbstractAsyncContextManager[None]:
        """One more of its viewers, while the block runs. LimitReached."""
        if request.get(OWN_PROCESS):
            return nullcontext()  # its viewers are counted
        return self.on_watch(channel.name)

    @asynccontextmanager
    async def admitted(self, request: web.Request) -> AsyncIterator[None]:
        """One more viewer, while the block runs, or until its key ends. LimitReached,
        Unavailable."""
        if self._closing:
            raise Unavailable("the server is stopping")
        if request.get(OWN_PROCESS):
            yield  # its viewers are counted
            return
        grants = access_of(request).grants
        who = next((f"{each.session} {request.remote}" for each in grants if each.session), "")
        visit = self.visits.visit(grants, partial(_send_away, request), who)
        address = request.remote or ""
        async with self.on_visit(grants, who), self.on_enter(address):
            with self.admission.viewer(address), visit:
                yield

    @contextmanager
    def acquired(self, channel: Channel, rendition: Rendition) -> Iterator[Encoding]:
        """An encoding, kept running while the block runs. LimitReached."""
        encoding = channel.acquire(rendition)
        try:
            yield encoding
        finally:
            channel.release(encoding)

    @asynccontextmanager
    async def fed(
        self,
        request: web.Request,
        channel: Channel,
        encoding: Encoding,
        make_muxer: MakeMuxer,
        max_latency: float,
        make_viewer: type[Viewer] = Viewer,
    ) -> AsyncIterator[Viewer]:
        """A viewer, in the pump of its wire format, made for the first and gone with the last."""
        access_of(request).check(channel.name)
        connection = _connection(request)
        muxed = encoding.muxed(make_muxer)
        if muxed not in self._pumps:
            self._pumps[muxed] = channel, Pump(muxed, channel.name)
        pump = self._pumps[muxed][1]
        viewer = make_viewer(pump, connection, max_latency)
        connection.writers.append(viewer)
        try:
            events.info("viewer joined", channel=channel.name, stream=request.path)
            yield viewer
        finally:
            connection.writers.remove(viewer)
            viewer.lost()
            events.info("viewer left", channel=channel.name, skipped=viewer.cursor.skipped)
            if not pump.viewers and muxed in self._pumps:
                del self._pumps[muxed]
                if pump.muxed.kind.counted:
                    self.census.remember(pump)
                encoding.drop(make_muxer)

    def _hear(self, channel: Channel) -> None:
        channel.listeners.add(self._tell_state)
        channel.note_listeners.add(self._tell_note)

    def _tell_note(self, channel: Channel, captured: int, note: str) -> None:
        sizes = [(each.width, each.height) for each in channel.tracks if each.kind == "video"]
        text = envelope.note(channel.name, captured, sizes[0] if sizes else (0, 0), note)
        for owner, pump in self._pumps.values():
            if owner is channel:
                pump.tell(text, "note")

    def _tell_state(self, channel: Channel) -> None:
        if channel.closed:
            self._send_away(channel)
            return
        text = envelope.state(channel.name, channel.state, channel.public_text)
        for owner, pump in self._pumps.values():
            if owner is channel:
                pump.tell(text)

    def _send_away(self, channel: Channel) -> None:
        for owner, pump in list(self._pumps.values()):
            for viewer in pump.viewers.copy() if owner is channel else ():
                viewer.end(GOING_AWAY, "the channel has ended")


def _uncounted(*who: object) -> AbstractAsyncContextManager[None]:
    """Nobody else counts them."""
    return nullcontext()


def _nobody() -> None:
    """Who is told that somebody listens."""


def _connection(request: web.Request) -> Connection:
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the viewer has gone")
    connection = transport.get_protocol()
    assert isinstance(connection, Connection)
    return connection


def _send_away(request: web.Request, reason: str) -> None:
    """Close the connection of one whose key has ended; at once where that was tried before."""
    with contextlib.suppress(ConnectionError):
        websocket = is_websocket(request)
        _connection(request).end(close_frame(NOT_UNDERSTOOD, reason) if websocket else b"")


def _unheard(channel: str, said: object) -> None:
    """Where goes what nobody wants to hear."""
