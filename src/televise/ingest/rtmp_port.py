"""RtmpPort: where RTMP is spoken, as soon as there is something to publish."""

import asyncio
from collections.abc import Callable

from televise import events
from televise.errors import InputError
from televise.hub.channel import Channel
from televise.hub.hub import Hub
from televise.ingest.rtmp import RtmpServer
from televise.ingest.rtmp_publisher import Seat
from televise.web.sizes import Sizes
from televise.web.trust.certificate import Certificate

USUAL = 1935


class RtmpPort:
    """Of ``host``, for channels of ``hub``. The port that is ``wanted`` is None where the usual one
    will do, and it is no fault if that is taken; 0 is any, less is none. The rest is as of
    `RtmpServer`."""

    def __init__(
        self,
        hub: Hub,
        seat: Seat,
        host: str,
        wanted: int | None,
        delay: Callable[[str], float],
        certificate: Certificate | None,
        sizes: Sizes,
    ) -> None:
        self._hub = hub
        self._seat = seat
        self._host = host
        self._wanted = wanted
        self._delay = delay
        self._certificate = certificate
        self._sizes = sizes
        self._server: RtmpServer | None = None
        # 0 while it is not open.
        self.number = 0

    async def open(self, web_url: str, *, new_channels: bool) -> None:
        """Listen, unless that is done already, or nothing can be published, not even
        ``new_channels``, and it was not asked for. InputError where the port that was asked for
        cannot be used."""
        publishing = new_channels or any(map(_is_for_publishers, self._hub.channels))
        is_wanted = publishing if self._wanted is None else self._wanted >= 0
        if self._server is not None or not is_wanted:
            return
        server = RtmpServer(
            self._seat,
            web_url=web_url,
            delay=self._delay,
            certificate=self._certificate,
            sizes=self._sizes,
        )
        port = USUAL if self._wanted is None else self._wanted
        try:
            self.number = await server.start(self._host, port)
        except InputError as error:
            if self._wanted is not None:
                raise
            events.warning("no RTMP", reason=str(error), hint="choose a port with --rtmp")
            return
        self._server = server

    async def follow(self, web_url: str) -> None:
        """Listen as soon as a channel comes that is for publishers; for ever."""
        come = asyncio.Event()

        def heard(channel: Channel) -> None:
            if _is_for_publishers(channel):
                come.set()

        self._hub.on_channel(heard)
        come.clear()  # it has been opened for those that are there
        try:
            while await come.wait():
                come.clear()
                await self.open(web_url, new_channels=False)
        finally:
            self._hub.off_channel(heard)

    async def close(self) -> None:
        """Listen no more, and close every connection."""
        if self._server is not None:
            await self._server.stop()


def _is_for_publishers(channel: Channel) -> bool:
    return channel.spec.kind == "publish"
