"""Unit: one packet of a source with its place in the channel's media time."""

from dataclasses import dataclass

from televise.media.source import AnyPacket


@dataclass(frozen=True, slots=True)
class Unit:
    """An encoded packet of input ``index``.

    ``seconds`` is its decode time and ``shown_seconds`` its presentation time in media time;
    ``offset`` is what was added to the source's own time.
    """

    index: int
    packet: AnyPacket
    data: bytes
    seconds: float
    shown_seconds: float
    duration: float
    offset: float
    captured: int
