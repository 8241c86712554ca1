"""A TCP connection that goes wrong: a proxy that falls silent, or carries too little."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

_PIECE = 4096


class Toxic:
    """Forwards connections to port ``target``. ``rate`` is bytes per second towards the client, 0
    for as many as come; ``withheld`` counts what arrived while it was silent."""

    def __init__(self) -> None:
        self.target = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._silent = self._cut = False
        self.port = 0
        self.rate = 0.0
        self.withheld = 0
        self.carried = 0

    @property
    def url(self) -> str:
        """A name of the target's own, for its ``origins``."""
        return f"http://127.0.0.1:{self.port}"

    def silence(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._silent = True

    def cut(self) -> None:
        """All connections end, and there are no others."""
        self._cut = True
        for writer in self._writers:
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.target, limit=_PIECE)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._up(reader, back), self._down(there, writer))
        finally:
            for each in (writer, back):
                each.transport.abort()
                self._writers.discard(each)

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(_PIECE):
                if not self._silent:
                    writer.write(piece)
        writer.transport.abort()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(_PIECE):
                if self._silent:
                    self.withheld += len(piece)
                    continue
                self.carried += len(piece)
                writer.write(piece)
                await writer.drain()
                if self.rate:
                    await asyncio.sleep(len(piece) / self.rate)
        writer.transport.abort()


@contextlib.asynccontextmanager
async def toxic(context: ssl.SSLContext | None = None) -> AsyncIterator[Toxic]:
    """A proxy on a free port of loopback, that ends TLS where there is a ``context``; its target is
    to be set."""
    proxy = Toxic()
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0, ssl=context)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await server.wait_closed()
