"""Encoding: one rendition of a channel: its newest packets, and the wire formats made of them."""

import secrets
import time
from collections.abc import Callable

from televise.hub.ledger import Ledger
from televise.hub.muxed import MakeMuxer, Muxed
from televise.link.messages import Epoch
from televise.model.log import Log
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track

# Keyframes are large: however many ask for one, there is one in so long.
KEYFRAME_SECONDS = 1.0


class Encoding:
    """The hub's end of a subscription; ``users`` counts who needs it.

    ``arrived`` is when its newest packet came (Unix nanoseconds), ``ledger`` its channel's.
    ``broken`` says that it cannot go on before the next keyframe.
    """

    def __init__(self, identifier: int, rendition: Rendition, ledger: Ledger | None = None) -> None:
        self.id = identifier
        self.rendition = rendition
        self.users = 0
        # Other hubs know packets by epoch and sequence: no encoder, of whatever hub, may begin
        # with an epoch that another one had. They count up from here.
        self.epoch = secrets.randbits(31)
        self.tracks: tuple[Track, ...] = ()
        self.refusal = ""
        self.arrived = 0
        self.broken = False
        self.ledger = ledger or Ledger()
        self.log: Log[Packet] = Log(max_seconds=0.0)
        self.listeners: set[Callable[[], None]] = set()
        self._sequence: int | None = None
        self._asked = float("-inf")
        self._muxed: dict[MakeMuxer, Muxed] = {}

    def begin(self, message: Epoch) -> None:
        """A new epoch: what was before cannot be continued. Told again (by another link), it is
        none."""
        if (message.epoch, message.tracks) == (self.epoch, self.tracks):
            return
        self.epoch, self.tracks, self.refusal = message.epoch, message.tracks, ""
        self._sequence, self.broken = None, False
        self.log.clear()
        for muxed in self._muxed.values():
            muxed.begin(message.epoch, message.tracks)

    def append(self, packet: Packet) -> None:
        """A new packet, for everybody."""
        if not self._enter(packet):
            return
        self.arrived = time.time_ns()
        self.log.append(packet)
        for muxed in self._muxed.values():
            muxed.append(packet)
        self._notify()

    def _enter(self, packet: Packet) -> bool:
        """Whether it continues what is here, or somebody can begin at it; the ledger is kept."""
        ledger, last = self.ledger, self._sequence
        if packet.epoch != self.epoch or packet.track >= len(self.tracks):
            ledger.strays += 1
            return False
        if last is not None and packet.sequence <= last:
            ledger.repeated += 1
            return False
        missing = 0 if last is None else packet.sequence - last - 1
        self.broken = (missing > 0 or last is None) and not packet.keyframe
        if self.broken:
            return False  # to be counted as missing, when it goes on
        ledger.missing += missing
        ledger.received += 1
        self._sequence = packet.sequence
        return True

    def may_ask(self, now: float) -> bool:
        """Whether a keyframe may be asked for at monotonic time ``now``, which that counts as."""
        if now - self._asked < KEYFRAME_SECONDS:
            return False
        self._asked = now
        return True

    def refuse(self, reason: str) -> None:
        """The worker cannot make this rendition."""
        self.refusal = reason
        for muxed in list(self._muxed.values()):
            muxed.refuse(reason)
        self._notify()

    def muxed(self, make_muxer: MakeMuxer) -> Muxed:
        """This encoding in the format that ``make_muxer`` makes; begun at the newest keyframe."""
        if make_muxer not in self._muxed:
            muxed = self._muxed[make_muxer] = Muxed(make_muxer)
            if self.tracks:
                muxed.begin(self.epoch, self.tracks)
            for position in range(self.log.first, self.log.end):
                muxed.append(self.log[position])
        return self._muxed[make_muxer]

    def drop(self, make_muxer: MakeMuxer) -> None:
        """Nobody watches this format any more."""
        self._muxed.pop(make_muxer, None)

    def _notify(self) -> None:
        for listener in list(self.listeners):
            listener()
