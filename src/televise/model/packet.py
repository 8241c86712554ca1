"""Packet: one encoded unit of one track."""

from dataclasses import dataclass

from televise.model.dropped import NOTHING, Dropped


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded picture, or one encoded block of sound; shared by every reader.

    ``track`` is an index into the epoch's tracks; ``pts``, ``dts`` and ``duration`` count in that
    track's time base; ``seconds`` is ``dts`` on the channel's media time; ``captured`` is Unix
    nanoseconds at the origin. A ``keyframe`` is a place where a viewer may begin. ``dropped`` says
    why numbers before it are missing here, if some are.
    """

    track: int
    epoch: int
    sequence: int
    data: bytes
    pts: int
    dts: int
    duration: int
    keyframe: bool
    captured: int
    seconds: float
    dropped: Dropped = NOTHING
