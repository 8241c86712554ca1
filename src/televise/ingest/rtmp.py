"""RTMP ingest: publishers such as OBS and ffmpeg, at rtmp://HOST:1935/live/NAME."""

import asyncio
from collections.abc import Callable

from televise.errors import InputError
from televise.ingest.rtmp_publisher import Publisher, Seat
from televise.web.connections.listener import Listener
from televise.web.connections.places import Places
from televise.web.sizes import Sizes
from televise.web.trust.certificate import Certificate


class RtmpServer:
    """Takes publishers and gives each its ``seat``; ``web_url`` is told to who wants to play. Who
    comes with a wrong key waits for the ``delay`` of its address. ``sizes`` say how long a message
    of those who come may be."""

    def __init__(
        self,
        seat: Seat,
        max_connections: int = 64,
        web_url: str = "http://HOST:8080",
        delay: Callable[[str], float] = lambda address: 0.0,
        certificate: Certificate | None = None,
        sizes: Sizes | None = None,
    ) -> None:
        self._seat = seat
        self.delay = delay
        self.sizes = sizes or Sizes()
        self._max_connections = max_connections
        self._web_url = web_url
        self._listener = Listener(0, "--rtmp ", certificate, places=self._make_places)
        self.connections: set[Publisher] = set()

    def _make_places(self, most: int) -> Places:
        """A publisher has no use for a spare one."""
        return Places(min(most, self._max_connections), spare=False)

    def _make_publisher(self) -> Publisher:
        return Publisher(
            self._seat,
            self.connections,
            self._web_url,
            self.sizes.message,
            self.delay,
        )

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port. InputError where the address cannot be used."""
        try:
            port = self._listener.bind(host, port)
        except InputError:
            await self._listener.stop()  # another address of the host may have been free
            raise
        self._listener.start(self._make_publisher)
        return port

    async def stop(self) -> None:
        """Listen no more, and close every connection."""
        await self._listener.stop()
        leaving = list(self.connections)
        for publisher in leaving:
            publisher.abort()
        await asyncio.gather(*(publisher.gone.wait() for publisher in leaving))
