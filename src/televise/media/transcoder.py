"""Transcoders: decoded pictures or sound in, encoded packets out, for one encoding."""

import threading
from collections.abc import Callable

import av

from televise.errors import TeleviseError
from televise.media.encoders.aac import AacEncoder
from televise.media.encoders.encoded import Encoded, Picture, VideoEncoder
from televise.media.encoders.h264 import H264Encoder
from televise.media.encoders.jpeg import JpegEncoder
from televise.media.source import Input
from televise.model.rendition import Rendition
from televise.model.track import Track

Emit = Callable[[Encoded], None]


class VideoTranscoder:
    """Encodes pictures in its own thread; while it is busy, only the newest picture waits."""

    def __init__(
        self,
        rendition: Rendition,
        rate: float,
        reason: str,
        emit: Emit,
        failed: Callable[[str], None],
    ) -> None:
        self._rendition = rendition
        self._fps = min(rendition.fps or rate, rate) if rate else rendition.fps
        self._reason = reason
        self._emit = emit
        self._failed = failed
        self._encoder: tuple[tuple[int, int, int], VideoEncoder] | None = None
        self._change = threading.Condition()
        self._newest: Picture | None = None
        self._due = float("-inf")
        self._keyframe = False
        self._closed = False
        threading.Thread(target=self._run, name="encoder", daemon=True).start()

    def put(self, picture: Picture) -> None:
        """Encode ``picture`` next, in place of one that still waits."""
        if not self._is_due(picture.seconds):
            return
        with self._change:
            self._newest = picture
            self._change.notify()

    def want_keyframe(self) -> None:
        """Make the next picture a keyframe."""
        self._keyframe = True

    def close(self) -> None:
        """Stop; nothing is emitted any more once the picture in hand is done."""
        with self._change:
            self._closed = True
            self._change.notify()

    def _is_due(self, seconds: float) -> bool:
        """Whether a picture at ``seconds`` is wanted, at no more than the rendition's rate."""
        if not self._rendition.fps:
            return True
        interval = 1 / self._rendition.fps
        if seconds < self._due - interval / 4:
            return False
        self._due = max(self._due + interval, seconds + interval / 2)
        return True

    def _run(self) -> None:
        try:
            while (picture := self._take()) is not None:
                keyframe, self._keyframe = self._keyframe, False
                for encoded in self._encoder_for(picture).encode(picture, keyframe=keyframe):
                    if not self._closed:
                        self._emit(encoded)
        except (av.error.FFmpegError, TeleviseError, ValueError) as error:
            self._failed(f"the {self._rendition.video} encoder failed: {error}")
        except OSError:
            self._closed = True  # the link is gone, and this process with it

    def _take(self) -> Picture | None:
        with self._change:
            self._change.wait_for(lambda: self._closed or self._newest is not None)
            picture, self._newest = self._newest, None
            return None if self._closed else picture

    def _encoder_for(self, picture: Picture) -> VideoEncoder:
        """The encoder for pictures of this size: a running one is never fed another."""
        key = picture.frame.width, picture.frame.height, picture.rotation
        if self._encoder is None or self._encoder[0] != key:
            self._encoder = key, self._make_encoder(picture)
        return self._encoder[1]

    def _make_encoder(self, picture: Picture) -> VideoEncoder:
        frame, rendition = picture.frame, self._rendition
        turned = picture.rotation in (90, 270)
        shown = (frame.height, frame.width) if turned else (frame.width, frame.height)
        size = rendition.fit(*shown)
        if rendition.video == "mjpeg":
            return JpegEncoder(*size, rendition.q, self._reason)
        return H264Encoder(frame, size, self._fps, rendition.bitrate, self._reason)


class AudioTranscoder:
    """Encodes sound where it is called; that takes less than a thread would."""

    def __init__(self, source: Input, reason: str, emit: Emit) -> None:
        self._emit = emit
        self._encoder = AacEncoder(int(source.rate), source.channels, reason)

    @property
    def track(self) -> Track:
        """What comes out."""
        return self._encoder.track

    def put(self, frame: av.AudioFrame, seconds: float, captured: int) -> None:
        """Encode ``frame``, which begins at ``seconds`` of media time."""
        for encoded in self._encoder.encode(frame, seconds, captured):
            self._emit(encoded)
