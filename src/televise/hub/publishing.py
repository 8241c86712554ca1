"""Publishing: one publisher's hold on a channel, between its connection and the worker."""

import asyncio
from collections.abc import Callable

from televise.errors import TeleviseError, Unsupported
from televise.hub.relays.uplink import Uplink
from televise.link.messages import Data, Finish, Publish
from televise.link.protocol import MAX_DATA

# So many bytes that the worker has not read yet make the publisher wait.
MOST_AHEAD = 1 << 20
VERDICT_SECONDS = 3.0
# Formats in whose middle a reader can begin: another worker goes on with the same publisher. Single
# pictures are written whole.
RESUMABLE = ("mpegts", "jpeg", "image")

Send = Callable[[Publish | Data | Finish], None]


class Publishing:
    """What a publisher writes, goes to the channel's worker; ``writable`` is clear while that is
    behind, or not there yet. ``closed`` is done when it is over: with one line of text where the
    channel sends the publisher away, with '' where everything has been played.

    By an ``uplink`` the publisher is itself what a worker would be.
    """

    def __init__(
        self, identifier: int, format: str, address: str, send: Send, uplink: Uplink | None = None
    ) -> None:
        self.id = identifier
        self.format = format
        self.address = address
        self.writable = asyncio.Event()
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.uplink = uplink
        self.received = 0
        self.heard = asyncio.get_running_loop().time()
        self._ahead = 0
        self._early: list[bytes] | None = []
        self._finished = False
        self._kind: type[TeleviseError] = Unsupported
        self._send = send
        self._release: Callable[[Publishing], None] = _nothing
        # Called when the publisher has gone.
        self.on_end: Callable[[], None] = _unheard

    @property
    def silent_seconds(self) -> float:
        """For so long it has sent nothing."""
        return asyncio.get_running_loop().time() - self.heard

    @property
    def problem(self) -> TeleviseError | None:
        """Why the channel has sent the publisher away, if it has."""
        text = self.closed.result() if self.closed.done() else ""
        return self._kind(text) if text else None

    def begin(self, release: "Callable[[Publishing], None]") -> None:
        """``release`` is called once, when the publisher has gone."""
        self._release = release

    def link(self) -> None:
        """There is a worker, or another one, which has read nothing yet: it is told."""
        early, self._early = self._early or [], None
        self._ahead = 0
        self.writable.set()
        self._send(Publish(self.id, self.format))
        for data in early:
            self._forward(data)
        if self._finished:
            self._send(Finish(self.id))

    def write(self, data: bytes) -> None:
        """The next bytes of media. They begin with what no reader can do without: they are kept
        for the first worker."""
        if self.closed.done():
            return
        self.received += len(data)
        self.heard = asyncio.get_running_loop().time()
        if self._early is not None:
            self._early.append(data)
        else:
            self._forward(data)

    def _forward(self, data: bytes) -> None:
        for start in range(0, len(data), MAX_DATA):
            self._send(Data(self.id, data[start : start + MAX_DATA]))
        self._ahead += len(data)
        if self._ahead >= MOST_AHEAD:
            self.writable.clear()

    def taken(self, count: int) -> None:
        """The worker has read so many more bytes."""
        self._ahead = max(0, self._ahead - count)
        if self._ahead < MOST_AHEAD:
            self.writable.set()

    async def finish(self) -> None:
        """Nothing more will come; waits a while for the worker to say what is wrong with it."""
        self._finished = True
        self._send(Finish(self.id))
        await asyncio.wait([self.closed], timeout=VERDICT_SECONDS)

    def send_away(self, text: str, kind: type[TeleviseError] = Unsupported) -> None:
        """The channel does not want it any more; ``text`` says why, which is a ``kind`` of error.

        With '' everything has been played.
        """
        if not self.closed.done():
            self._kind = kind
            self.closed.set_result(text)
        self.writable.set()  # whoever waits for that is to see that it is over
        self.close()

    def close(self) -> None:
        """The publisher has gone."""
        release, self._release = self._release, _nothing
        if release is not _nothing:
            self._send(Finish(self.id))
            release(self)
            self.on_end()


def _unheard() -> None:
    """Where nobody wants to know that a publisher has gone."""


def _nothing(publishing: Publishing) -> None:
    """What a publisher that has gone is released to."""
