"""Track: what a decoder must know before the first packet."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from televise.errors import FormatError

Kind = Literal["video", "audio"]
Delivery = Literal["passthrough", "transcode"]

# Of what a stranger says of its own: every page and every hub is told of it.
MAX_CODEC, MAX_REASON = 32, 200
MAX_CONFIG_BYTES = 16 << 10


@dataclass(frozen=True, slots=True)
class Track:
    """One track of an encoding.

    ``codec`` is FFmpeg's name. ``timescale`` is ticks per second. ``config`` is the decoder
    configuration: avcC for h264 (ISO/IEC 14496-15 5.3.3), AudioSpecificConfig for aac
    (ISO/IEC 14496-3 1.6.2.1), empty for mjpeg. ``delivery`` and ``reason`` say whether packets
    are the source's own, and why.
    """

    kind: Kind
    codec: str
    timescale: int
    config: bytes = b""
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0
    delivery: Delivery = "transcode"
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """As JSON values; ``config`` in hexadecimal."""
        return asdict(self) | {"config": self.config.hex()}

    @classmethod
    def from_json(cls, values: Any) -> "Track":
        """The reverse of `to_json`, a long reason cut; FormatError where it is not that."""
        try:
            track = cls(**values | {"config": bytes.fromhex(values["config"])})
        except (TypeError, KeyError, ValueError) as error:
            raise FormatError(f"not a track: {error}") from error
        if track.kind not in get_args(Kind) or track.delivery not in get_args(Delivery):
            raise FormatError("not a track: unknown kind or delivery")
        numbers = (track.timescale, track.width, track.height, track.sample_rate, track.channels)
        if not all(type(number) is int and 0 <= number < 1 << 32 for number in numbers):
            raise FormatError("not a track: its numbers are unsigned, of 32 bits")
        if not all(type(text) is str for text in (track.codec, track.reason)):
            raise FormatError("not a track: codec and reason are text")
        if len(track.codec) > MAX_CODEC or len(track.config) > MAX_CONFIG_BYTES:
            raise FormatError("not a track: too much of its codec")
        return replace(track, reason=track.reason[:MAX_REASON])
