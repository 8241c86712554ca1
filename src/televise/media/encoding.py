"""Encoding: one rendition that the hub has subscribed to, and its epochs."""

import threading
from collections.abc import Callable

import av

from televise.errors import FormatError
from televise.link.messages import Epoch, Media, Message, Refused
from televise.media.encoders.encoded import Encoded, Picture
from televise.media.passthrough import (
    AacPassthrough,
    H264Passthrough,
    JpegPassthrough,
    Passthrough,
    Unfit,
    unfit_audio,
    unfit_video,
)
from televise.media.source import Input
from televise.media.transcoder import AudioTranscoder, VideoTranscoder
from televise.media.unit import Unit
from televise.model.packet import Packet
from televise.model.rendition import Rendition
from televise.model.track import Kind, Track

# Sound that is announced and does not come stops the picture in a browser.
SILENCE_SECONDS = 1.5


class Encoding:
    """Passes through or transcodes each input for one subscription, and numbers what it sends.

    An epoch begins at a keyframe, with the tracks that are known then; a track that changes begins
    the next one.
    """

    def __init__(
        self,
        identifier: int,
        rendition: Rendition,
        epoch: int,
        inputs: dict[Kind, Input],
        unfit: dict[Kind, str],
        send: Callable[[Message], None],
    ) -> None:
        self.id = identifier
        self._rendition = rendition
        self.epoch = epoch - 1
        self._inputs = inputs
        self._send = send
        self._lock = threading.Lock()
        self._sequence = 0
        self._tracks: dict[Kind, Track] = {}
        self._announced: tuple[Track, ...] = ()
        self._heard: float | None = None
        self._passed: dict[Kind, Passthrough] = {}
        self._video: VideoTranscoder | None = None
        self._audio: AudioTranscoder | None = None
        self._begin(unfit)

    def wants_frames(self, kind: Kind) -> bool:
        """Whether it needs this input decoded."""
        return (self._video if kind == "video" else self._audio) is not None

    def packet(self, kind: Kind, unit: Unit) -> str:
        """Pass ``unit`` through; the reason where this input must be transcoded from now on."""
        path = self._passed.get(kind)
        if path is None:
            return ""
        try:
            for encoded in path.packets(unit):
                self._emit(kind, encoded)
        except Unfit as unfit:
            del self._passed[kind]
            self._transcode_video(str(unfit))
            return str(unfit)
        except FormatError:
            pass  # one broken packet: the decoder of the browser will resume at a keyframe
        return ""

    def picture(self, picture: Picture) -> None:
        """Encode a decoded picture, if it is wanted."""
        if self._video is not None:
            self._video.put(picture)

    def sound(self, frame: av.AudioFrame, seconds: float, captured: int) -> None:
        """Encode decoded sound, if it is wanted."""
        if self._audio is not None:
            self._audio.put(frame, seconds, captured)

    def close(self) -> None:
        """Send nothing more."""
        with self._lock:
            self._send = _nowhere
        if self._video is not None:
            self._video.close()

    def _begin(self, unfit: dict[Kind, str]) -> None:
        video, audio = self._inputs.get("video"), self._inputs.get("audio")
        if video is None and (audio is None or not self._rendition.audio):
            self._send(Refused(self.id, "the source has no picture"))
        if video is not None:
            self._begin_video(video, unfit.get("video", ""))
        if audio is not None and self._rendition.audio:
            self._begin_audio(audio)

    def _begin_video(self, source: Input, unfit: str) -> None:
        reason = unfit or self._unfit_video(source)
        if reason:
            self._transcode_video(reason)
        elif self._rendition.video == "mjpeg":
            self._passed["video"] = JpegPassthrough(source)
        else:
            self._passed["video"] = H264Passthrough(source)

    def _unfit_video(self, source: Input) -> str:
        if not self._rendition.untouched:
            return "another size, rate or quality was asked for"
        if self._rendition.video == "mjpeg":
            fits = source.codec == "mjpeg" and source.decoder is not None and not source.rotation
            return "" if fits else "JPEG pictures were asked for"
        return unfit_video(source)

    def _begin_audio(self, source: Input) -> None:
        if reason := unfit_audio(source):
            self._audio = AudioTranscoder(source, reason, lambda item: self._emit("audio", item))
            self._tracks["audio"] = self._audio.track
        else:
            path = AacPassthrough(source)
            self._passed["audio"] = path
            if path.track is not None:
                self._tracks["audio"] = path.track

    def _transcode_video(self, reason: str) -> None:
        self._video = VideoTranscoder(
            self._rendition,
            self._inputs["video"].rate,
            reason,
            lambda item: self._emit("video", item),
            lambda text: self._send(Refused(self.id, text)),
        )

    def _emit(self, kind: Kind, encoded: Encoded) -> None:
        with self._lock:
            leads = kind == "video" or "video" not in self._inputs
            keyframe = leads and (encoded.keyframe or kind == "audio")
            self._note(kind, encoded, leads)
            if not self._enter(encoded.track, keyframe):
                return
            self._sequence += 1
            self._send(Media(self.id, self._packet(encoded, keyframe)))

    def _note(self, kind: Kind, encoded: Encoded, leads: bool) -> None:
        """Keep account of which tracks there are."""
        if self._tracks.get(kind) != encoded.track:
            self._tracks[kind] = encoded.track
        if kind == "audio" or self._heard is None:
            self._heard = encoded.seconds
        elif leads and encoded.seconds - self._heard > SILENCE_SECONDS:
            self._tracks.pop("audio", None)

    def _enter(self, track: Track, keyframe: bool) -> bool:
        """Whether a packet of ``track`` may be sent; begins a new epoch where tracks changed."""
        tracks = tuple(self._tracks[kind] for kind in ("video", "audio") if kind in self._tracks)
        if tracks != self._announced:
            if not keyframe:
                self._want_keyframe()
                return track in self._announced
            self.epoch += 1
            self._announced = tracks
            self._send(Epoch(self.id, self.epoch, tracks))
        return True

    def _want_keyframe(self) -> None:
        if self._video is not None:
            self._video.want_keyframe()

    def _packet(self, encoded: Encoded, keyframe: bool) -> Packet:
        return Packet(
            self._announced.index(encoded.track),
            self.epoch,
            self._sequence,
            encoded.data,
            encoded.pts,
            encoded.dts,
            encoded.duration,
            keyframe,
            encoded.captured,
            encoded.seconds,
        )


def _nowhere(message: Message) -> None:
    """Where a closed encoding sends to."""
