"""A server inside the test's own event loop, and clients that are polite to it."""

import contextlib
import os
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

import televise
from televise.hub.channel import Channel
from televise.model.source import SourceSpec, parse_source
from televise.server import Server
from televise.settings import Settings
from televise.web.connections.connection import Connection
from televise.web.edge import Edge
from televise.web.pump import Pump
from tests.support.waiting import until
from tests.support.wire import Stream

SMALL = "pattern:?size=160x120&fps=15"
SOURCE_FOLDER = Path(televise.__file__).parent.parent


@dataclass
class Serving:
    """A running server and a client session."""

    server: Server
    session: aiohttp.ClientSession

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def edge(self) -> Edge:
        return self.server.edge

    @property
    def watching(self) -> int:
        """Viewers that have been let in."""
        return self.edge.admission.count

    @property
    def pumps(self) -> list[Pump]:
        return [pump for _, pump in self.edge._pumps.values()]

    @property
    def connections(self) -> set[Connection]:
        return set(self.server.ports.connections)

    def channel(self, name: str = "cam") -> Channel:
        return self.server.hub.channel(name)

    @contextlib.asynccontextmanager
    async def get(
        self, path: str, method: str = "GET", **keywords: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to a request."""
        url = f"http://{self.authority}{path}"
        async with self.session.request(method, url, **keywords) as response:
            yield response

    async def json(self, path: str) -> Any:
        async with self.get(path) as response:
            return await response.json()

    @contextlib.asynccontextmanager
    async def stream(self, path: str, **keywords: Any) -> AsyncIterator[Stream]:
        """The body of an endless answer."""
        async with Stream.open(self.port, path, **keywords) as stream:
            assert stream.status == 200, stream.head
            yield stream

    @contextlib.asynccontextmanager
    async def stream_socket(self, path: str, **keywords: Any) -> AsyncIterator[Stream]:
        """A WebSocket, frame by frame."""
        async with Stream.open(self.port, path, websocket=True, **keywords) as stream:
            assert stream.status == 101, stream.head
            yield stream

    @contextlib.asynccontextmanager
    async def told(self, path: str, **keywords: Any) -> AsyncIterator[Stream]:
        """A WebSocket that speaks ``televise.v1``."""
        headers = {"Sec-WebSocket-Protocol": "televise.v1"}
        async with self.stream_socket(path, headers=headers, **keywords) as stream:
            yield stream

    async def is_live(self, name: str = "cam") -> None:
        """Wait until the channel's source delivers."""
        await until(lambda: self.channel(name).state == "live")


@contextlib.asynccontextmanager
async def serving(*sources: str, **settings: Any) -> AsyncIterator[Serving]:
    """Serve ``sources`` (``cam=pattern:...`` where none is given) on a free port of loopback."""
    specs = [parse_source(source) for source in sources or [f"cam={SMALL}"]]
    typed = [spec.name for spec in specs]
    async with served(specs, Settings(port=0, **settings), typed) as running:
        yield running


@contextlib.asynccontextmanager
async def served(
    specs: Sequence[SourceSpec], settings: Settings, typed: Collection[str] = ()
) -> AsyncIterator[Serving]:
    """A server as it is told."""
    os.environ.setdefault("PYTHONPATH", str(SOURCE_FOLDER))  # for the workers
    server = Server(specs, settings, typed)
    try:
        await server.start()
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            yield Serving(server, session)
    finally:
        await server.close()
