"""ToxicProxy: TCP connections that go wrong in the ways that networks do."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from typing import Any

_PIECE = 4096
# What the kernel keeps for us: what waits, waits where it was sent.
_BUFFER_BYTES = 16_384
# What may be on its way while it is delayed, in pieces.
_ON_ITS_WAY = 4096
# RFC 1122 4.2.2.13: who closes at once and forgets what is left sends a reset.
_RESET = struct.pack("ii", 1, 0)


class ToxicProxy:
    """Forwards connections to port ``target`` of this machine; all may be set at any time.

    ``rate`` is bytes per second towards the client, ``rate_up`` towards the server, 0 for as many
    as come. ``delay`` is seconds each way. ``close_delay`` is how much later than one side the
    other learns of the end.

    What a test can look at, to know that its fault took place: ``accepted`` and ``refused``
    connections, ``carried`` bytes towards clients, ``withheld`` bytes that were swallowed, ``held``
    pieces that waited while it was frozen, connections that were ``broken``.
    """

    def __init__(self, target: int = 0) -> None:
        self.target = target
        self.port = 0
        self.rate = self.rate_up = 0.0
        self.delay = 0.0
        self.close_delay = 0.0
        self.accepted = self.refused = self.carried = self.withheld = self.held = self.broken = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[Any]] = set()
        self._silent = self._cut = False
        self._flows = asyncio.Event()
        self._flows.set()

    @property
    def url(self) -> str:
        """Where it is, as ``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self.port}"

    def silence(self) -> None:
        """A black hole: what is sent is lost from now on, and nobody is told."""
        self._silent = True

    def freeze(self) -> None:
        """Nothing passes; it waits where it is, and so do those who send."""
        self._flows.clear()

    def thaw(self) -> None:
        """All that waited passes."""
        self._flows.set()

    def reset(self) -> None:
        """All connections break (RST); others may be made."""
        for writer in list(self._writers):
            plain = writer.get_extra_info("socket")
            if not writer.transport.is_closing():
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()
                self.broken += 1
        self._writers.clear()

    def cut(self) -> None:
        """All connections break, and there are no others until it is mended."""
        self._cut = True
        self.reset()

    def mend(self) -> None:
        """Connections can be made again, and carry what they are given."""
        self._cut = self._silent = False
        self.thaw()

    async def end(self) -> None:
        """Break all connections, and leave nothing running."""
        self.thaw()
        self.cut()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection, until it ends."""
        if carrying := asyncio.current_task():
            self._carrying.add(carrying)
            carrying.add_done_callback(self._carrying.discard)
        if self._cut:
            self.refused += 1
            writer.transport.abort()
            return
        self.accepted += 1
        self._writers.add(writer)
        back: asyncio.StreamWriter | None = None
        try:
            there, back = await _connect(self.target)
            self._writers.add(back)
            up = self._forward(reader, back, down=False)
            await asyncio.gather(up, self._forward(there, writer, down=True))
        except OSError:
            self.refused += 1
        except asyncio.CancelledError:
            pass  # it ends, or the loop does; whoever made this task would complain
        finally:
            for each in (writer, back):
                if each is not None:
                    each.transport.abort()
                    self._writers.discard(each)

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, down: bool
    ) -> None:
        """One direction: what is read now is written after the delay."""
        way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_ON_ITS_WAY)
        reading = asyncio.create_task(self._read(reader, way))
        try:
            await self._write(way, writer, down=down)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        writer.transport.abort()

    async def _read(
        self, reader: asyncio.StreamReader, way: "asyncio.Queue[tuple[float, bytes]]"
    ) -> None:
        loop, piece = asyncio.get_running_loop(), b"?"
        while piece:
            await self._wait()
            try:
                piece = await reader.read(_PIECE)
            except ConnectionError:
                piece = b""
            late = self.delay if piece else self.delay + self.close_delay
            await way.put((loop.time() + late, piece))
            if not late:
                await way.join()  # whoever sends feels how slow it is

    async def _write(
        self,
        way: "asyncio.Queue[tuple[float, bytes]]",
        writer: asyncio.StreamWriter,
        *,
        down: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):
            while True:
                due, piece = await way.get()
                if (rest := due - loop.time()) > 0:
                    await asyncio.sleep(rest)
                if not piece:
                    return
                await self._pass(piece, writer, down=down)
                way.task_done()

    async def _wait(self) -> None:
        """While it is frozen."""
        if not self._flows.is_set():
            self.held += 1
            await self._flows.wait()

    async def _pass(self, piece: bytes, writer: asyncio.StreamWriter, *, down: bool) -> None:
        if self._silent:
            self.withheld += len(piece)
            return
        await self._wait()
        self.carried += len(piece) if down else 0
        writer.write(piece)
        await writer.drain()
        if rate := self.rate if down else self.rate_up:
            await asyncio.sleep(len(piece) / rate)


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    plain = socket.socket()
    try:
        plain.setblocking(False)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
        return await asyncio.open_connection(sock=plain, limit=_PIECE)
    except BaseException:
        plain.close()
        raise


@contextlib.asynccontextmanager
async def toxic_proxy(
    target: int = 0, context: ssl.SSLContext | None = None
) -> AsyncIterator[ToxicProxy]:
    """A proxy on a free port of this machine, that ends TLS where there is a ``context``.

    ``target`` may also be set later, before the first connection.
    """
    proxy = ToxicProxy(target)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0, limit=_PIECE, ssl=context)
    listening = server.sockets[0]
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    proxy.port = listening.getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.end()
        await server.wait_closed()
