"""Unit: one packet of a source with its place in the channel's media time."""

from dataclasses import dataclass

from televise.media.source import AnyPacket


@dataclass(frozen=True, slots=True)
class Place:
    """Where a packet belongs in media time.

    ``seconds`` is its decode time and ``shown_seconds`` its presentation time; ``offset`` is what
    was added to the source's own time.
    """

    seconds: float
    shown_seconds: float
    duration: float
    offset: float


@dataclass(frozen=True, slots=True)
class Unit:
    """An encoded packet of input ``index``, ``captured`` at Unix nanoseconds."""

    index: int
    packet: AnyPacket
    data: bytes
    place: Place
    captured: int
