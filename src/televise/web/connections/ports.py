"""Ports: all that a server listens on, and the connections that come there."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from aiohttp import web

from televise.web.connections.backlog import Backlog
from televise.web.connections.connection import Connection
from televise.web.connections.listener import Listener
from televise.web.connections.places import Places
from televise.web.connections.speaking import Speaking
from televise.web.connections.threshold import MAX_HEADER_LINES
from televise.web.trust.certificate import Certificate
from televise.web.trust.proxies import Network, Proxies

# A request's headers must be there in this time, and a kept-alive connection ends after it.
REQUEST_SECONDS = 10.0
# Who is refused and goes on sending is heard for so long, so that the answer arrives.
LINGERING_SECONDS = 2.0
CLOSE_SECONDS = 1.0
# What polite closes are given before connections are aborted.
POLITE_SECONDS = 0.2


class Ports:
    """Ports of ``host``, with a ``certificate`` all by TLS. An address has so many connections at
    most on all of them together, but for the ``proxies``."""

    def __init__(
        self,
        host: str,
        certificate: Certificate | None,
        proxies: Sequence[Network],
        most_per_address: int,
    ) -> None:
        self._host = host
        self._certificate = certificate
        self._proxies = Proxies(proxies)
        self._most_per_address = most_per_address
        self.backlog = Backlog()
        self._listeners: list[Listener] = []
        self._runners: list[web.AppRunner] = []

    @property
    def connections(self) -> Iterator[Connection]:
        """Those that there are now."""
        return (each for listener in self._listeners for each in listener.connections)

    @property
    def places(self) -> Places:
        """What counts the connections of all ports, once there is one: they use the same
        descriptors."""
        return self._listeners[0].places

    @property
    def apps(self) -> list[web.Application]:
        """What is served on them, in the same order."""
        return [runner.app for runner in self._runners]

    def set_limit(self, most_per_address: int) -> None:
        """So many connections from one address from now on; 0 for half of all."""
        self._most_per_address = most_per_address
        if self._listeners:
            self.places.set_limit(most_per_address)

    def bind(
        self, port: int, others: int = 0, option: str = "--port ", *, shared: bool = False
    ) -> tuple[int, Listener]:
        """Take ``port`` (0: any free one), and leave ``others`` descriptors free; the port that it
        is, and what listens there. InputError where it cannot be had: ``option`` is what a user
        types before another."""
        listener = Listener(
            others,
            option,
            certificate=self._certificate,
            shared=shared,
            places=self._make_places,
            backlog=self.backlog,
        )
        self._listeners.append(listener)
        return listener.bind(self._host, port), listener

    async def serve(self, apps: Sequence[web.Application]) -> None:
        """Begin to answer: on each port its application."""
        for listener, app in zip(self._listeners, apps, strict=True):
            runner = web.AppRunner(app)
            self._runners.append(runner)
            await runner.setup()
            assert runner.server is not None
            listener.start(partial(_speaking, runner.server))

    async def stop(self) -> None:
        """Accept no more; connections that there are stay."""
        for listener in self._listeners:
            await listener.stop()

    async def close(self) -> None:
        """End all connections: politely, and after a moment at once."""
        with contextlib.suppress(TimeoutError):
            shutdowns = [runner.shutdown() for runner in self._runners]
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(*shutdowns)
        if any(self.connections):
            await asyncio.sleep(POLITE_SECONDS)
        for connection in list(self.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)  # aborted sockets are closed in the next turn of the loop
        with contextlib.suppress(TimeoutError):
            cleanups = [runner.cleanup() for runner in self._runners]
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(*cleanups)

    def _make_places(self, most: int) -> Places:
        if self._listeners:
            return self.places
        trusts = self._proxies.trusts
        return Places(most, self._most_per_address, lambda each: not each or trusts(each))


def _speaking(server: web.Server) -> Speaking:
    """HTTP on one more connection."""
    options: dict[str, Any] = {
        "access_log": None,
        "keepalive_timeout": REQUEST_SECONDS,
        "lingering_time": LINGERING_SECONDS,
        "max_headers": MAX_HEADER_LINES,
        # A body that is packed stays so: nobody needs that, and a megabyte could be a thousand.
        "auto_decompress": False,
    }
    return Speaking(server, loop=asyncio.get_running_loop(), **options)
