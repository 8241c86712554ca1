"""Publishing: one publisher's hold on a channel, between its connection and the worker."""

import asyncio
from collections.abc import Callable

from televise.link.messages import Data, Finish, Publish
from televise.link.protocol import MAX_DATA

# So many bytes that the worker has not read yet make the publisher wait.
MOST_AHEAD = 1 << 20
VERDICT_SECONDS = 3.0
# Formats in whose middle a reader can begin: another worker goes on with the same publisher.
RESUMABLE = ("mpegts", "jpeg")

Send = Callable[[Publish | Data | Finish], None]


class Publishing:
    """What a publisher writes, goes to the channel's worker; ``writable`` is clear while that is
    behind. ``closed`` is done when it is over: with one line of text where the channel sends the
    publisher away, with '' where everything has been played.
    """

    def __init__(self, identifier: int, format: str, address: str, send: Send) -> None:
        self.id = identifier
        self.format = format
        self.address = address
        self.writable = asyncio.Event()
        self.writable.set()
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.received = 0
        self._ahead = 0
        self._send = send
        self._release: Callable[[Publishing], None] = _nothing

    def begin(self, release: "Callable[[Publishing], None]") -> None:
        """Tell the worker; ``release`` is called once, when the publisher has gone."""
        self._release = release
        self.begin_again()

    def begin_again(self) -> None:
        """There is another worker, which has read nothing yet."""
        self._ahead = 0
        self.writable.set()
        self._send(Publish(self.id, self.format))

    def write(self, data: bytes) -> None:
        """The next bytes of media."""
        if self.closed.done():
            return
        for start in range(0, len(data), MAX_DATA):
            self._send(Data(self.id, data[start : start + MAX_DATA]))
        self.received += len(data)
        self._ahead += len(data)
        if self._ahead >= MOST_AHEAD:
            self.writable.clear()

    def taken(self, count: int) -> None:
        """The worker has read so many more bytes."""
        self._ahead = max(0, self._ahead - count)
        if self._ahead < MOST_AHEAD:
            self.writable.set()

    async def finish(self) -> str:
        """Nothing more will come; returns what is wrong with what came, if the worker finds that
        soon."""
        self._send(Finish(self.id))
        await asyncio.wait([self.closed], timeout=VERDICT_SECONDS)
        return self.closed.result() if self.closed.done() else ""

    def send_away(self, text: str) -> None:
        """The channel does not want it any more; ``text`` says why."""
        if not self.closed.done():
            self.closed.set_result(text)
        self.writable.set()  # whoever waits for that is to see that it is over
        self.close()

    def close(self) -> None:
        """The publisher has gone."""
        release, self._release = self._release, _nothing
        if release is not _nothing:
            self._send(Finish(self.id))
            release(self)


def _nothing(publishing: Publishing) -> None:
    """What a publisher that has gone is released to."""
