"""Shared seats: who sends pictures and who sends sound publish one channel together."""

import asyncio
import contextlib
import time

import aiohttp
from aiohttp import web

from televise import events
from televise.errors import Busy, Forbidden, FormatError, TeleviseError, Unavailable, Unsupported
from televise.formats.transport_join import Part, TransportJoin
from televise.hub.publishing import Publishing
from televise.ingest.refusal import telling
from televise.web.receive import until_end
from televise.web.seats import Seats

FORMAT = "mpegts"
# Who says nothing for so long is sent away, though the other one goes on.
IDLE_SECONDS = 20.0


class _Sharer:
    """One of those who publish ``name`` together; ``ended`` is done when its key ends."""

    def __init__(self, name: str, address: str, part: Part) -> None:
        self.name = name
        self.address = address
        self.part = part
        self.received = 0
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def end(self, reason: str) -> None:
        """Send it away."""
        if not self.ended.done():
            self.ended.set_result(reason)


class _Shared:
    """A seat, and who sits on it."""

    def __init__(self, publishing: Publishing) -> None:
        self.publishing = publishing
        self.join = TransportJoin()
        self.sharers = 0
        # The last of them has sent all that it had.
        self.finished = False

    def write(self, sharer: _Sharer, data: bytes) -> None:
        sharer.received += len(data)
        try:
            joined = self.join.feed(sharer.part, data, time.monotonic())
        except FormatError as error:
            raise Unsupported(f"what is published: {error}") from None
        if joined:
            self.publishing.write(joined)


class SharedSeats:
    """Takes MPEG-TS from two publishers of one channel: see `TransportJoin`."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._shared: dict[str, _Shared] = {}

    async def receive(self, request: web.Request, name: str, token: str) -> web.Response:
        """Give all of the body to channel ``name``, and what somebody else sends to it meanwhile.
        What is wrong with it, or with the publisher, is raised: a TeleviseError."""
        address = request.remote or ""
        with telling(request, name):
            self._seats.check(name, token)
            shared = self._take(name, token, address)
            sharer = _Sharer(name, address, shared.join.enter())
        shared.sharers += 1
        try:
            visit = self._seats.share(name, token, address, FORMAT, sharer.end)
            try:
                await self._run(request, shared, sharer)
            finally:
                self._seats.visits.leave(visit)
        finally:
            self._leave(shared, sharer)
        return web.json_response({"received": sharer.received})

    def _take(self, name: str, token: str, address: str) -> _Shared:
        """The seat where somebody sits already who shares it, or another one."""
        shared = self._shared.get(name)
        if shared is not None and not shared.publishing.closed.done():
            if shared.finished:
                raise Busy(f"what was published as {name} is not played to its end: come again")
            return shared
        publishing = self._seats.take_shared(name, token, address, FORMAT)
        shared = self._shared[name] = _Shared(publishing)
        return shared

    def _leave(self, shared: _Shared, sharer: _Sharer) -> None:
        shared.join.leave(sharer.part)
        shared.sharers -= 1
        if shared.sharers:
            events.info("publisher left", channel=sharer.name, address=sharer.address)
            return
        shared.publishing.close()
        if self._shared.get(sharer.name) is shared:
            del self._shared[sharer.name]

    async def _run(self, request: web.Request, shared: _Shared, sharer: _Sharer) -> None:
        publishing = shared.publishing
        try:
            copying = _copy(request.content, shared, sharer)
            await until_end(copying, publishing.closed, sharer.ended)
            if publishing.problem is not None:
                raise publishing.problem
            if sharer.ended.done():
                raise Forbidden(sharer.ended.result())
        except TeleviseError as error:
            if publishing.problem is None:  # of that its channel tells
                events.warning(
                    "publisher sent away",
                    channel=sharer.name,
                    address=sharer.address,
                    reason=str(error),
                )
            raise


async def _copy(content: aiohttp.StreamReader, shared: _Shared, sharer: _Sharer) -> None:
    with contextlib.suppress(ConnectionError, aiohttp.ClientError, web.HTTPException):
        while data := await _next(content):
            shared.write(sharer, data)
            await shared.publishing.writable.wait()
        if not sharer.part.streams:
            raise Unsupported(f"what is published: {sharer.part.program.complaint}")
        if shared.sharers == 1:
            shared.finished = True
            # Who ends properly is told what was wrong; nobody waits for one who is gone.
            await shared.publishing.finish()


async def _next(content: aiohttp.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            return await content.readany()
    except TimeoutError:
        raise Unavailable(f"it sent nothing for {IDLE_SECONDS:.0f} s") from None
