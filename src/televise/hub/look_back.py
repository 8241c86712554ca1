"""LookBack: some seconds of the past, as they come from the worker."""

import asyncio
from collections.abc import Callable

from televise.errors import Unavailable
from televise.link.messages import Epoch
from televise.model.packet import Packet
from televise.model.track import Track

MAX_BYTES = 64 << 20


class LookBack:
    """Collects the packets of one look; a change of the source's format ends it. ``over`` is called
    when nobody waits for it any more."""

    def __init__(self, over: Callable[[], None]) -> None:
        self._over = over
        self.epoch = 0
        self.tracks: tuple[Track, ...] = ()
        self.packets: list[Packet] = []
        self._bytes = 0
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def wait(self, seconds: float) -> None:
        """Wait until all is there. Unavailable where it cannot be had."""
        try:
            async with asyncio.timeout(seconds):
                await self._done
        except TimeoutError:
            self.packets = []
            raise Unavailable("looking back took too long: ask for less") from None
        finally:
            self._over()

    def begin(self, message: Epoch) -> None:
        """Its tracks; what has another format than the first is left out."""
        if not self.epoch:
            self.epoch, self.tracks = message.epoch, message.tracks

    def append(self, packet: Packet) -> None:
        """One more packet, if somebody still waits for it."""
        if self._done.done():
            return
        if packet.epoch == self.epoch and packet.track < len(self.tracks):
            self.packets.append(packet)
            self._bytes += len(packet.data)
        if self._bytes > MAX_BYTES:
            self.end(f"that has more than {MAX_BYTES >> 20} MB: ask for less")

    def leave(self) -> None:
        """Who waits for it has gone."""
        self.end("nobody waits for it any more")

    def refuse(self, reason: str) -> None:
        """The worker cannot make it."""
        self.end(reason)

    def end(self, text: str) -> None:
        """This was all; ``text`` says why it is nothing."""
        if self._done.done():
            return
        if text or not self.packets:
            self._done.set_exception(Unavailable(text or "there is no picture in it"))
        else:
            self._done.set_result(None)
