"""Pump: moves the chunks of one log into the sockets of all its viewers.

One synchronous loop per chunk, the same bytes for everybody; no task, queue or copy per viewer.
"""

from televise.formats.websocket import TRY_LATER
from televise.hub.muxed import Chunk, Muxed
from televise.web.connections.bare_sockets import BareSockets
from televise.web.viewer import Viewer


class Pump:
    """All viewers of one encoding in one wire format. ``sent`` and ``skipped`` count chunks.

    Live viewers have been given everything, so all of them have the same init; what a new chunk
    needs of them is their bare socket. Those with TLS have none, and are written to.
    """

    def __init__(self, muxed: Muxed, channel: str) -> None:
        self.muxed = muxed
        self.channel = channel
        self.viewers: list[Viewer] = []
        self.sent = 0
        self.skipped = 0
        self._live: list[Viewer] = []
        self._sockets = BareSockets()
        self._wrapped: list[Viewer] = []
        self._init: bytes | None = None
        muxed.deliver = self._deliver
        muxed.refuse = self._refuse

    def enter(self, viewer: Viewer) -> None:
        """``viewer`` has been given everything: it gets the next chunk as it comes."""
        viewer.live = True
        if viewer.bare is None:
            self._wrapped.append(viewer)
        else:
            self._live.append(viewer)
            self._sockets.add(viewer.bare)
        if viewer.init is not self._init:
            self._init = None

    def leave(self, viewer: Viewer) -> None:
        """``viewer`` does not get chunks as they come any more."""
        viewer.live = False
        if viewer.bare is None:
            self._wrapped.remove(viewer)
            return
        position = self._live.index(viewer)
        del self._live[position]
        self._sockets.remove(position)

    def remove(self, viewer: Viewer) -> None:
        """``viewer`` has gone."""
        if viewer.live:
            self.leave(viewer)
        if viewer in self.viewers:
            self.viewers.remove(viewer)

    def tell(self, text: bytes, kind: str = "state") -> None:
        """Send a text message to all viewers that take them."""
        for viewer in self.viewers:
            if viewer.told:
                viewer.tell(text, kind)

    def _refuse(self, reason: str) -> None:
        for viewer in self.viewers.copy():
            viewer.end(TRY_LATER, reason)

    def _deliver(self, chunk: Chunk) -> None:
        self.sent += len(self._live) + len(self._wrapped)
        if chunk.init is not self._init:
            self._init = chunk.init
            for viewer in [*self._live, *self._wrapped]:
                viewer.write(chunk)
            return
        self._send(chunk.data)
        for viewer in self._wrapped.copy():
            viewer.put(chunk.data)

    def _send(self, data: bytes) -> None:
        """A live viewer's transport holds nothing back, so its socket can be written to."""
        short = [(self._live[at], sent) for at, sent in self._sockets.send(data)]
        for viewer, sent in short:
            # What the socket did not take, or an error, is the transport's: it pauses the viewer.
            viewer.transport.write(data[sent:])
