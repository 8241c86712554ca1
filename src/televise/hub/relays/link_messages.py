"""LinkMessages: a rendition as another hub gets it, whichever way they are connected."""

from collections.abc import Callable
from dataclasses import replace

from televise.formats.websocket import binary_frame
from televise.hub.continuity import MOST, Follows
from televise.hub.muxed import Chunk, Muxer
from televise.link.messages import Epoch, Media, Missing
from televise.link.protocol import encode
from televise.model.dropped import Dropped
from televise.model.packet import Packet
from televise.model.track import Track

# There is one subscription per connection, and per subject.
SUBSCRIPTION = 1


class LinkMessages(Muxer):
    """Each packet as one message of link subscription ``number``, before them the epoch;
    ``frame`` makes them ready for the wire."""

    def __init__(
        self,
        epoch: int,
        tracks: tuple[Track, ...],
        *,
        number: int = SUBSCRIPTION,
        frame: Callable[[bytes], bytes] = binary_frame,
    ) -> None:
        self._number, self._frame = number, frame
        self._epoch = Epoch(number, epoch, tracks)
        self._init = frame(encode(self._epoch))

    def follow(self, follows: Follows) -> None:
        """Those that come later, too, can tell what they miss."""
        before, last, first = follows.before, follows.last, follows.first
        epoch = replace(self._epoch, before=before, last=last, first=first)
        self._init = self._frame(encode(epoch))

    def mux(self, packet: Packet) -> Chunk:
        """One message; where packets are missing before it, another one says why."""
        data = self._frame(encode(Media(self._number, packet)))
        if packet.dropped:
            data = self._frame(missing(packet.dropped, self._number)) + data
        return Chunk(data, self._init, packet.keyframe, packet.seconds)


def missing(dropped: Dropped, number: int = SUBSCRIPTION) -> bytes:
    """Says that packets are left out before the next one, and why."""
    return encode(Missing(number, dropped.at_most(MOST)))
