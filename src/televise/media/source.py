"""What a source is to the worker, and what the worker is to a source."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import av
from av.audio.codeccontext import AudioCodecContext
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext

from televise.link.messages import State
from televise.model.track import Kind

AnyPacket: TypeAlias = "av.Packet[Stream]"
Decoder = VideoCodecContext | AudioCodecContext


@dataclass(frozen=True, slots=True)
class Input:
    """One track that a source delivers: encoded where it has a ``decoder``, else raw frames.

    ``codec`` is FFmpeg's name. ``rate`` is pictures or samples per second, 0 where unknown.
    ``reorders`` is true where pictures are not sent in the order in which they are shown;
    ``rotation`` is by how many degrees, counter-clockwise, they must be turned to be shown;
    ``pixel_aspect`` is the width of a pixel over its height, ``coded_aspect`` what the pictures
    themselves say of that.
    """

    kind: Kind
    codec: str
    decoder: Decoder | None = None
    extradata: bytes = b""
    pixel_format: str = ""
    width: int = 0
    height: int = 0
    rotation: int = 0
    pixel_aspect: float = 1.0
    coded_aspect: float = 1.0
    reorders: bool = False
    rate: float = 0.0
    channels: int = 0


class Feed(Protocol):
    """Where a source puts what it has."""

    @property
    def stopping(self) -> bool:
        """Whether the source is to return now."""

    def wait(self, seconds: float) -> bool:
        """Sleep; true where the source is to return now."""

    def set_state(self, state: State) -> None:
        """Say how the source is, where that cannot be seen from what it feeds."""

    def opened(self, inputs: Sequence[Input], *, paced: bool = False) -> None:
        """The source is open. ``paced``: its timestamps are true, but it must be slowed to them."""

    def packet(self, index: int, packet: AnyPacket, captured: int = 0) -> None:
        """An encoded packet of input ``index``, with timestamps.

        ``captured`` is Unix nanoseconds at the origin; 0 for just now, here and below.
        """

    def frame(self, index: int, frame: av.VideoFrame | av.AudioFrame, captured: int = 0) -> None:
        """A raw frame of input ``index``, with ``pts`` and ``time_base``."""

    def note(self, captured: int, text: str) -> None:
        """What is to be told with the picture ``captured`` then: ``text`` is JSON."""

    def on_watched(self, tell: Callable[[bool], None]) -> None:
        """Call ``tell`` now and at every coming and going: whether somebody watches."""


class Source(Protocol):
    """Something that makes pictures."""

    # Whether a silence of this source means that something is wrong with it.
    watched: bool

    def run(self, feed: Feed) -> None:
        """Feed until the end, or until ``feed.stopping``. SourceError where it cannot go on."""
