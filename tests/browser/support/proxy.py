"""A proxy between browser and server that can serve it below a path, and break its streams.

What is to break is named by something in its request: ``proxy.cut("/cam.mp4")`` or
``proxy.stall("Upgrade: websocket")``. To how many connections it happened is counted, so that a
test can prove its fault.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Literal

_PIECE = 65536
_METHODS = (b"GET ", b"HEAD ")

Fault = Literal["", "stall", "cut"]


class Proxy:
    """Listens on a free port of loopback; understands requests without a body."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix.encode()
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._faults: dict[str, Fault] = {}
        self.server_port = 0
        self.port = 0
        # How many connections were cut, and how many bytes of stalled ones were withheld.
        self.cut_connections = 0
        self.withheld_bytes = 0

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """What stands before the server's own paths."""
        return f"http://{self.authority}{self._prefix.decode()}"

    def cut(self, part: str) -> None:
        """Such connections end, those to come too."""
        self._break(part, "cut")

    def stall(self, part: str) -> None:
        """Such connections stay open, those to come too, but nothing arrives on them any more."""
        self._break(part, "stall")

    def mend(self) -> None:
        """Connections to come go through; those that are stalled stay so."""
        self._faults.clear()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            self.port = listener.getsockname()[1]
            self._begin(self._accept(listener))
            try:
                yield self
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def requested(self, link: "_Link", request: bytes) -> bytes:
        """The request as the server is to see it."""
        link.request = request.decode(errors="replace")
        for part, fault in self._faults.items():
            self._strike(link, part, fault)
        method, _, rest = request.partition(b" ")
        return method + b" " + rest.removeprefix(self._prefix)

    def _break(self, part: str, fault: Fault) -> None:
        self._faults[part] = fault
        for link in self._links:
            self._strike(link, part, fault)

    def _strike(self, link: "_Link", part: str, fault: Fault) -> None:
        if part not in link.request:
            return
        link.fault = fault
        if fault == "cut":
            self.cut_connections += 1
            link.end()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            self._begin(self._serve(connection))

    async def _serve(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        link = _Link(self, writer)
        self._links.add(link)
        try:
            with contextlib.suppress(ConnectionError):
                await link.run(reader)
        finally:
            self._links.discard(link)
            await link.close()


class _Link:
    """One connection of the browser's, and ours to the server for it."""

    def __init__(self, proxy: Proxy, browser: asyncio.StreamWriter) -> None:
        self._proxy, self._browser = proxy, browser
        self._server: asyncio.StreamWriter | None = None
        self.request = ""
        self.fault: Fault = ""

    async def run(self, requests: asyncio.StreamReader) -> None:
        port = self._proxy.server_port
        answers, self._server = await asyncio.open_connection("127.0.0.1", port)
        up = asyncio.create_task(self._up(requests, self._server))
        down = asyncio.create_task(self._down(answers))
        try:
            await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
            down.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    def end(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def close(self) -> None:
        self.end()
        for writer in self._writers:
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    @property
    def _writers(self) -> list[asyncio.StreamWriter]:
        return [self._browser, *([self._server] if self._server else [])]

    async def _up(self, requests: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while piece := await requests.read(_PIECE):
            if piece.startswith(_METHODS):
                piece = self._proxy.requested(self, piece)
            server.write(piece)
            await server.drain()

    async def _down(self, answers: asyncio.StreamReader) -> None:
        while piece := await answers.read(_PIECE):
            if self.fault == "stall":
                self._proxy.withheld_bytes += len(piece)
                continue
            self._browser.write(piece)
            await self._browser.drain()
