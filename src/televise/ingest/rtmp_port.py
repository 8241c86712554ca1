"""RtmpPort: where RTMP is spoken, as soon as there is something to publish."""

from collections.abc import Callable

from televise import events
from televise.errors import InputError
from televise.ingest.rtmp import RtmpServer, Seat
from televise.web.certificate import Certificate
from televise.web.sizes import Sizes

USUAL = 1935


class RtmpPort:
    """Of ``host``. The port that is ``wanted`` is None where the usual one will do, and it is no
    fault if that is taken; 0 is any, less is none. The rest is as of `RtmpServer`."""

    def __init__(
        self,
        seat: Seat,
        host: str,
        wanted: int | None,
        delay: Callable[[str], float],
        certificate: Certificate | None,
        sizes: Sizes,
    ) -> None:
        self._seat = seat
        self._host = host
        self._wanted = wanted
        self._delay = delay
        self._certificate = certificate
        self._sizes = sizes
        self._server: RtmpServer | None = None
        # 0 while it is not open.
        self.number = 0

    async def open(self, web_url: str, *, publishing: bool) -> None:
        """Listen, unless that is done already, or nobody is there for ``publishing`` and it was
        not asked for. InputError where the port that was asked for cannot be used."""
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

    async def close(self) -> None:
        """Listen no more, and close every connection."""
        if self._server is not None:
            await self._server.stop()
