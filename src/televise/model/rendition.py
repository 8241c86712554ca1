"""Rendition: which encoding of a channel somebody wants."""

from dataclasses import asdict, dataclass
from typing import Any

from televise.errors import FormatError, InputError

VIDEO_CODECS = ("h264", "mjpeg", "gif", "mpeg1video", "png")
AUDIO_CODECS = ("aac", "mp2")

# name: (least, most, what it is)
LIMITS = {
    "w": (16, 4096, "width in pixels"),
    "h": (16, 2304, "height in pixels"),
    "fps": (0.1, 120, "pictures per second"),
    "q": (1, 100, "JPEG quality"),
    "bitrate": (50_000, 50_000_000, "bits per second"),
    "colors": (2, 256, "colours of a GIF"),
}
SIDES = ("w", "h")

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("video", "audio"), (str,)),
    **dict.fromkeys(("w", "h", "q", "bitrate", "colors"), (int,)),
    "fps": (int, float),
    "dither": (bool,),
}


@dataclass(frozen=True, slots=True)
class Rendition:
    """One encoding of a channel. Zero means: as the source has it, or our default.

    ``video`` and ``audio`` are FFmpeg's codec names ('' for none). ``w`` and ``h`` are pixels: one
    alone keeps the picture's shape, both together are taken as they are. ``fps`` is a ceiling,
    ``q`` the JPEG quality 1 to 100, ``bitrate`` bits per second; ``colors`` and ``dither`` are a
    GIF's. Equal renditions share an encoder.
    """

    video: str
    audio: str = ""
    w: int = 0
    h: int = 0
    fps: float = 0
    q: int = 0
    bitrate: int = 0
    colors: int = 0
    dither: bool = False

    def __post_init__(self) -> None:
        if self.video not in VIDEO_CODECS or self.audio not in ("", *AUDIO_CODECS):
            raise InputError(f"no such encoding: {self.video}+{self.audio}")
        for name, (least, most, _) in LIMITS.items():
            value = getattr(self, name)
            is_odd = name in SIDES and value % 2
            if (value and not least <= value <= most) or is_odd:
                raise InputError(f"{name}={value}: {limits_of(name)}")

    @property
    def untouched(self) -> bool:
        """Whether the source's own pictures would satisfy it."""
        return self == Rendition(self.video, self.audio)

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The size, both sides even, of a ``width`` x ``height`` picture in this rendition."""
        if self.w and self.h:
            return self.w, self.h
        if self.w:
            return self.w, _even(self.w * height / width, "h")
        if self.h:
            return _even(self.h * width / height, "w"), self.h
        return max(2, width // 2 * 2), max(2, height // 2 * 2)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> "Rendition":
        """The reverse of `to_json`; FormatError where it is not that."""
        try:
            rendition = cls(**values)
        except (TypeError, InputError) as error:
            raise FormatError(f"not a rendition: {error}") from error
        for name, kinds in _JSON_TYPES.items():
            if type(getattr(rendition, name)) not in kinds:
                raise FormatError(f"not a rendition: {name} has the wrong type")
        return rendition


def limits_of(name: str) -> str:
    """What this field may be, in words."""
    least, most, what = LIMITS[name]
    return f"{'even ' if name in SIDES else ''}from {least} to {most} ({what})"


def _even(length: float, side: str) -> int:
    """The even length next below, within what a picture may have."""
    return max(2, min(int(length), int(LIMITS[side][1])) // 2 * 2)
