"""Encoding: one rendition of a channel: its newest packets, and the wire formats made of them."""

import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from televise.hub.continuity import Continuity
from televise.hub.ledger import Ledger
from televise.hub.muxed import MakeMuxer, Muxed
from televise.link.messages import Epoch
from televise.model.dropped import Dropped
from televise.model.log import Log
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Track

# Keyframes are large: however many ask for one, there is one in so long.
KEYFRAME_SECONDS = 1.0


class Encoding:
    """The hub's end of a subscription; ``users`` counts who needs it.

    ``arrived`` is when its newest packet came (Unix nanoseconds), ``ledger`` its channel's.
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
        self.ledger = ledger or Ledger()
        self.log: Log[Packet] = Log(max_seconds=0.0)
        self.listeners: set[Callable[[], None]] = set()
        self._continuity = Continuity(self.epoch, self.ledger)
        self._asked = float("-inf")
        self._muxed: dict[MakeMuxer, Muxed] = {}

    @property
    def bytes(self) -> int:
        """Of its newest packets, and of what is made of them."""
        return self.log.bytes + sum(muxed.log.bytes for muxed in self._muxed.values())

    def forget_past(self) -> None:
        """Keep those since the newest keyframe; who has all goes on as if nothing were."""
        for muxed in self._muxed.values():
            muxed.log.forget_past()

    def forget(self) -> None:
        """Keep none of them; all goes on with the next keyframe."""
        self.log.clear()
        for muxed in self._muxed.values():
            muxed.log.clear()

    @property
    def broken(self) -> bool:
        """Whether it cannot go on before the next keyframe."""
        return self._continuity.broken

    def begin(self, message: Epoch) -> None:
        """A new epoch: what was before cannot be continued. Told again (by another link), it is
        none."""
        if (message.epoch, message.tracks) == (self.epoch, self.tracks):
            return
        self._continuity.begin(message)
        self.epoch, self.tracks, self.refusal = message.epoch, message.tracks, ""
        self.log.clear()
        for muxed in self._muxed.values():
            muxed.begin(message.epoch, message.tracks)

    def append(self, packet: Packet) -> None:
        """A new packet, for everybody."""
        if packet.epoch != self.epoch or packet.track >= len(self.tracks):
            self.ledger.strays += 1
            return
        begins = self._continuity.follows is None
        dropped = self._continuity.enter(packet)
        if dropped is None:
            return
        if dropped:
            packet = replace(packet, dropped=dropped)
        if begins and (follows := self._continuity.follows):
            for muxed in self._muxed.values():
                muxed.follow(follows)
        self.arrived = time.time_ns()
        self.log.append(packet)
        for muxed in self._muxed.values():
            muxed.append(packet)
        self._notify()

    def explain(self, dropped: Dropped) -> None:
        """Why packets before the next one are missing."""
        self._continuity.explain(dropped)

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
                if follows := self._continuity.follows:
                    muxed.follow(follows)
            for position in range(self.log.first, self.log.end):
                muxed.append(self.log[position])
        return self._muxed[make_muxer]

    def drop(self, make_muxer: MakeMuxer) -> None:
        """Nobody watches this format any more."""
        self._muxed.pop(make_muxer, None)

    def _notify(self) -> None:
        for listener in list(self.listeners):
            listener()
