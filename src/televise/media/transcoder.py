"""Transcoders: decoded pictures or sound in, encoded packets out, for one encoding."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import av.error

from televise.formats.mpeg1 import MAX_SIDE
from televise.media.encoders.aac import AacEncoder
from televise.media.encoders.encoded import Encoded, Picture, Sound, VideoEncoder
from televise.media.encoders.gif import GifEncoder, usual_size
from televise.media.encoders.h264 import H264Encoder
from televise.media.encoders.jpeg import JpegEncoder
from televise.media.encoders.mp2 import Mp2Encoder
from televise.media.encoders.mpeg1 import Mpeg1Encoder
from televise.media.encoders.png import PngEncoder
from televise.media.pixels import MAX_PIXELS, MAX_WIDTH
from televise.media.source import Input
from televise.model.rendition import Rendition
from televise.model.track import Track

# Pictures that come so close together, as a recorder sends them, are one burst: they do not replace
# each other; so many at most.
BURST_SECONDS = 0.05
MOST_WAITING = 8
_IDLE = -1
# As wide as MPEG-1 can be; asked for by its height, a picture may come out wider.
_MPEG1_WIDTH = MAX_SIDE // 2 * 2
# In pixels: what is larger than that is begun anew.
MOST_GROWTH = 2

Emit = Callable[[Encoded], None]


class VideoTranscoder:
    """Encodes pictures in its own thread; while it is busy, only the newest picture waits.

    (Or the newest few, where several came at once.)
    """

    def __init__(
        self,
        rendition: Rendition,
        rate: float,
        reason: str,
        emit: Emit,
        failed: Callable[[str], None],
        size: tuple[int, int] | None = None,
    ) -> None:
        """``size`` is that of the GIF so far, if it has begun: it has one header."""
        self.size = size
        self._rendition = rendition
        self._fps = min(rendition.fps or rate, rate) if rate else rendition.fps
        self._reason = reason
        self._emit = emit
        self._failed = failed
        self._encoder: tuple[tuple[int, int, int], VideoEncoder] | None = None
        self._change = threading.Condition()
        self._newest: list[Picture] = []
        self._since = 0.0
        self._due = float("-inf")
        self._keyframe = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._beats = _IDLE

    def put(self, pictures: Sequence[Picture]) -> None:
        """Encode ``pictures`` next, in place of any that still wait."""
        due = [self._with_duration(each) for each in pictures if self._is_due(each.seconds)]
        if due:
            now = time.monotonic()
            with self._change:
                if not self._newest or now - self._since > BURST_SECONDS:
                    self._newest, self._since = [], now
                self._newest = [*self._newest, *due][-MOST_WAITING:]
                self._change.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="encoder", daemon=True)
                self._thread.start()

    def encode(self, pictures: Sequence[Picture]) -> None:
        """Encode all of ``pictures`` that are due here and now. Use this or `put`, not both."""
        for picture in pictures:
            if self._is_due(picture.seconds):
                self._encode(self._with_duration(picture))

    def beat(self) -> int:
        """Called regularly: how often it was while the same picture has been in hand."""
        if self._beats != _IDLE:
            self._beats += 1
        return max(0, self._beats)

    def want_keyframe(self) -> None:
        """Make the next picture a keyframe."""
        self._keyframe = True

    def close(self) -> None:
        """Stop; nothing is emitted any more once the picture in hand is done."""
        with self._change:
            self._closed = True
            self._change.notify()

    def _with_duration(self, picture: Picture) -> Picture:
        """It is shown until the next one that is wanted."""
        fps = self._rendition.fps
        return replace(picture, duration=max(picture.duration, 1 / fps)) if fps else picture

    def _is_due(self, seconds: float) -> bool:
        """Whether a picture at ``seconds`` is wanted, at no more than the rendition's rate."""
        if not self._rendition.fps:
            return True
        interval = 1 / self._rendition.fps
        if seconds < self._due - interval / 4:
            return False
        is_late = seconds > self._due + interval
        self._due = (seconds if is_late else self._due) + interval
        return True

    def _run(self) -> None:
        try:
            while (picture := self._take()) is not None:
                self._beats = 0
                self._encode(picture)
                self._beats = _IDLE
        except OSError as error:
            if isinstance(error, av.error.FFmpegError):
                self._failed(f"the {self._rendition.video} encoder failed: {error}")
            self._closed = True  # else the link is gone, and this process ends with it
        except Exception as error:
            self._failed(f"the {self._rendition.video} encoder failed: {error}")

    def _encode(self, picture: Picture) -> None:
        keyframe, self._keyframe = self._keyframe, False
        for encoded in self._encoder_for(picture).encode(picture, keyframe=keyframe):
            if not self._closed:
                self._emit(encoded)

    def _take(self) -> Picture | None:
        with self._change:
            self._change.wait_for(lambda: self._closed or self._newest)
            return None if self._closed else self._newest.pop(0)

    def _encoder_for(self, picture: Picture) -> VideoEncoder:
        """The encoder for pictures of this size: a running one is never fed another."""
        key = picture.frame.width, picture.frame.height, picture.rotation
        if self._encoder is None or self._encoder[0] != key:
            self._encoder = key, self._make_encoder(picture)
        return self._encoder[1]

    def _make_encoder(self, picture: Picture) -> VideoEncoder:
        rendition = self._rendition
        shown = _within_limits(*picture.shown_size)
        if rendition.video == "gif" and not (rendition.w or rendition.h):
            shown = usual_size(*shown)
        width, height = rendition.fit(*shown)
        if rendition.video == "mjpeg":
            return JpegEncoder(width, height, rendition.q, self._reason)
        if rendition.video == "gif":
            if self.size is None or width * height > MOST_GROWTH * self.size[0] * self.size[1]:
                self.size = width, height  # so small it would stay for ever
            size = self.size
            shown = _inside(width, height, size)
            return GifEncoder(*size, rendition.colors, rendition.dither, self._reason, shown)
        if rendition.video == "png":
            return PngEncoder(width, height, self._reason)
        bitrate, like = rendition.bitrate, picture.frame
        if rendition.video == "mpeg1video":
            size = min(width, _MPEG1_WIDTH), height
            return Mpeg1Encoder(like, size, self._fps, bitrate, self._reason)
        return H264Encoder(like, (width, height), self._fps, bitrate, self._reason)


def _within_limits(width: float, height: float) -> tuple[int, int]:
    """The same shape, no larger than encoders and browsers can take."""
    too_long = max(width, height) / MAX_WIDTH
    too_many = (width * height / MAX_PIXELS) ** 0.5
    scale = 1 / max(1.0, too_long, too_many)
    return round(width * scale), round(height * scale)


def _inside(width: int, height: int, size: tuple[int, int]) -> tuple[int, int]:
    """The same shape, as large as fits into ``size``."""
    scale = min(size[0] / width, size[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


class AudioTranscoder:
    """Encodes sound where it is called; that takes less than a thread would."""

    def __init__(self, codec: str, source: Input, reason: str, emit: Emit) -> None:
        self._emit = emit
        make = AacEncoder if codec == "aac" else Mp2Encoder
        self._encoder = make(int(source.rate), source.channels, reason)

    @property
    def track(self) -> Track:
        """What comes out."""
        return self._encoder.track

    def put(self, sound: Sound) -> None:
        """Encode ``sound``."""
        for encoded in self._encoder.encode(sound):
            self._emit(encoded)
