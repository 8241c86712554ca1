"""Muxed: an encoding in one wire format, made once for all its viewers."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from televise.hub.continuity import Follows
from televise.model.dropped import Dropped, Gaps
from televise.model.log import Log
from televise.model.packet import Packet
from televise.model.track import Track

# How far a viewer may be told to lag behind at most: what is kept for it.
MAX_LATENCY_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """The bytes of one packet on the wire, framing included.

    A viewer that has not yet been sent this very ``init`` must be sent it first.
    """

    data: bytes
    init: bytes
    keyframe: bool
    seconds: float


class Muxer(ABC):
    """Makes chunks of the packets of one epoch; shared by all viewers, without I/O.

    Of a format: ``keep_seconds`` is how much of the past is kept for those who want it;
    ``one_init`` says that a viewer cannot be sent another init, and ``keeps_init`` that it goes on
    without; what is sent is of no interest where it is not ``counted``.
    """

    keep_seconds: ClassVar[float] = MAX_LATENCY_SECONDS
    one_init: ClassVar[bool] = False
    keeps_init: ClassVar[bool] = False
    counted: ClassVar[bool] = True

    @abstractmethod
    def mux(self, packet: Packet) -> Chunk:
        """The bytes of ``packet`` in this format."""

    def follow(self, follows: Follows) -> None:  # noqa: B027 - most formats cannot say it
        """What its epoch follows is known now."""


MakeMuxer = Callable[[int, tuple[Track, ...]], Muxer]
"""Makes the muxer of an epoch."""


class Muxed:
    """The log of chunks of one encoding in one wire format.

    ``deliver`` is called with each new chunk, after it is in the log; ``refuse`` with the reason
    where no more will come. ``gaps`` says where packets are missing before chunks.
    """

    def __init__(self, make_muxer: MakeMuxer) -> None:
        self.kind: type[Muxer] = make_muxer if isinstance(make_muxer, type) else Muxer
        self.log: Log[Chunk] = Log(self.kind.keep_seconds)
        self.deliver: Callable[[Chunk], None] = _to_nobody
        self.refuse: Callable[[str], None] = _to_nobody
        self.gaps = Gaps()
        self._in_vain = 0
        self._make_muxer = make_muxer
        self._muxer: Muxer | None = None

    def begin(self, epoch: int, tracks: tuple[Track, ...]) -> None:
        """The packets from here on belong to ``epoch``."""
        self._muxer = self._make_muxer(epoch, tracks)

    def follow(self, follows: Follows) -> None:
        """What this epoch follows."""
        if self._muxer is not None:
            self._muxer.follow(follows)

    def append(self, packet: Packet) -> None:
        """Mux one packet and give it to everybody."""
        if self._muxer is None:
            return
        chunk = self._muxer.mux(packet)
        if not self.log.append(chunk):
            self._in_vain += 1
            return
        if packet.dropped or self._in_vain:
            dropped = packet.dropped + Dropped(resync=self._in_vain)
            self.gaps.note(self.log.end - 1, dropped)
            self._in_vain = 0
        self.deliver(chunk)


def _to_nobody(_: object) -> None:
    """Where chunks go while nobody listens."""
