"""Drain: tells when a socket has taken all that was written to it."""

import asyncio

import aiohttp
from aiohttp import TraceConfig


class Drain(asyncio.Protocol):
    """Stands between a transport and aiohttp's protocol, and hears what happens to writing.

    The transport then holds nothing back but the message that is being written: what waits, waits
    where it can still be left out.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        handler = transport.get_protocol()
        assert isinstance(handler, asyncio.Protocol)
        self._handler = handler
        self._empty = asyncio.Event()
        self._empty.set()
        transport.set_protocol(self)
        # TLS calls its buffer full where it has as much as the limit, even nothing.
        transport.set_write_buffer_limits(high=1 if transport.get_extra_info("sslcontext") else 0)

    async def wait(self) -> None:
        """Until it has taken all, or is gone."""
        await self._empty.wait()

    def pause_writing(self) -> None:
        self._empty.clear()
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._empty.set()
        self._handler.resume_writing()

    def data_received(self, data: bytes) -> None:
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self._handler.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._empty.set()
        self._handler.connection_lost(exc)


class Drains:
    """Makes one for each connection of the session that it traces; ``newest`` is the last."""

    def __init__(self) -> None:
        self.newest: Drain | None = None
        self.trace = TraceConfig()
        self.trace.on_request_end.append(self._begun)

    async def _begun(
        self, session: aiohttp.ClientSession, context: object, told: aiohttp.TraceRequestEndParams
    ) -> None:
        connection = told.response.connection
        if connection is not None and isinstance(connection.transport, asyncio.Transport):
            self.newest = Drain(connection.transport)
