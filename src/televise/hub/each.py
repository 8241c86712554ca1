"""Each: the muxer of formats in which a packet becomes bytes without regard to any other."""

from collections.abc import Callable

from televise.hub.muxed import Chunk, Muxer
from televise.model.packet import Packet


class Each(Muxer):
    """``init`` for who comes, then ``frame`` of each packet."""

    def __init__(self, frame: Callable[[Packet], bytes], init: bytes = b"") -> None:
        self._frame = frame
        self._init = init

    def mux(self, packet: Packet) -> Chunk:
        return Chunk(self._frame(packet), self._init, packet.keyframe, packet.seconds)
