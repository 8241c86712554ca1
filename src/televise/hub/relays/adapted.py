"""Adapted: a rendition that is taken from elsewhere, as large as the link carries. No clock."""

from collections.abc import Sequence

from televise.hub.relays.adaptation import Adaptation, smaller
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track


class Adapted:
    """``wanted`` while the link carries that, and else something smaller. ``packets`` and ``bytes``
    count what has come. Times are monotonic seconds."""

    def __init__(self, wanted: Rendition) -> None:
        self.wanted = wanted
        self.packets = self.bytes = 0
        self._adaptation = Adaptation()
        # Whether only the wanted one can be had.
        self._fixed = False
        self._width = 0
        # Of the newest packet; None before an epoch has begun.
        self._sequence: int | None = None

    @property
    def rendition(self) -> Rendition:
        """What is to be taken now."""
        return smaller(self.wanted, self._width, self._adaptation.level)

    @property
    def level(self) -> int:
        """How often its width is halved."""
        return self._adaptation.level

    def connect(self, *, fixed: bool = False) -> None:
        """It is asked for anew: nothing that comes before the next epoch counts. ``fixed``: there
        is no other way than this, from now on."""
        self._adaptation.begin()
        self._sequence, self._fixed = None, self._fixed or fixed

    def begin(self, tracks: Sequence[Track]) -> None:
        """An epoch."""
        self._sequence = 0
        if not self.level:
            self._width = max((track.width for track in tracks), default=0)

    def arrived(self, packet: Packet, now: float) -> bool:
        """A packet. True: another rendition is to be taken from now on."""
        self.packets, self.bytes = self.packets + 1, self.bytes + len(packet.data)
        if self._sequence is None or not self._width or self._fixed:
            return False
        last, self._sequence = self._sequence, packet.sequence
        gap = last > 0 and packet.sequence > last + 1
        # A source may be slower than its media times say, which is no fault of the link.
        captured = packet.captured / 1e9 if packet.captured else packet.seconds
        return self._adaptation.arrived(now, captured, gap=gap)

    def refused(self) -> bool:
        """It cannot be made. True: it was a smaller one; from now on only the wanted one is."""
        if not self.level:
            return False
        self._adaptation.level, self._fixed = 0, True
        return True
