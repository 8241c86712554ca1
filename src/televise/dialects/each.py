"""Each: the muxer of formats in which a packet becomes bytes without regard to any other."""

from collections.abc import Callable

from televise.formats.websocket import RESTARTING, close_frame
from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet


class Each(Muxer):
    """``init`` for who comes, then ``frame`` of each packet."""

    def __init__(self, frame: Callable[[Packet], bytes], init: bytes = b"") -> None:
        self._frame = frame
        self._init = init

    def mux(self, packet: Packet) -> Chunk:
        return Chunk(self._frame(packet), self._init, packet.keyframe, packet.seconds)


def farewell() -> Muxer:
    """The muxer for a WebSocket whose client cannot follow the source any further."""
    close = close_frame(RESTARTING, "the source has changed: come again")
    return Each(lambda packet: b"", close)
