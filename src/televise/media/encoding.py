"""Encoding: one rendition that the hub has subscribed to, and its epochs."""

import threading
from collections.abc import Callable, Sequence

from televise.errors import FormatError, Unfit
from televise.link.messages import Epoch, Media, Message, Refused, Subscribe
from televise.media.encoders.encoded import Encoded, Picture, Sound
from televise.media.passthrough import aac, h264, jpeg, mp2, mpeg1
from televise.media.passthrough.path import Path
from televise.media.source import Input
from televise.media.transcoder import AudioTranscoder, VideoTranscoder
from televise.media.unit import Unit
from televise.model.packet import Packet
from televise.model.track import Kind, Track

# Sound that is announced and does not come stops the picture in a browser.
SILENCE_SECONDS = 1.5
STEP_SECONDS = 0.5
MAX_PACKET_BYTES = 16_000_000
# Ticks; what the link and MP4 can say.
MAX_DURATION = 0xFFFF_FFFF
# By codec: why a source's pictures cannot be passed through, and what does that.
_PASSED: dict[str, tuple[Callable[[Input], str], Callable[[Input], Path]]] = {
    "h264": (h264.unfit, h264.H264Path),
    "mjpeg": (jpeg.unfit, jpeg.JpegPath),
    "mpeg1video": (mpeg1.unfit, mpeg1.Mpeg1Path),
}


class Encoding:
    """Passes through or transcodes each input for one subscription, and numbers what it sends.

    An epoch begins at a keyframe, with the tracks that are known then; a track that changes begins
    the next one. ``unfit`` is why inputs have already proved unfit to be passed through, ``size``
    what a GIF goes on with. ``goes_on``: it is not the first of its kind, and may wait for
    pictures.
    """

    def __init__(
        self,
        wanted: Subscribe,
        inputs: dict[Kind, Input],
        unfit: dict[Kind, str],
        send: Callable[[Message], None],
        size: tuple[int, int] | None = None,
        *,
        goes_on: bool = False,
    ) -> None:
        self.id = wanted.id
        self._size = size
        self._goes_on = goes_on
        self.epoch = wanted.epoch - 1
        self._rendition = wanted.rendition
        self._inputs = inputs
        self._send = send
        self._lock = threading.Lock()
        self._sequence = 0
        self._tracks: dict[Kind, Track] = {}
        self._announced: tuple[Track, ...] = ()
        self._silence = self._last_seconds = 0.0
        self._ticks: dict[tuple[Kind, int], int] = {}
        self._passed: dict[Kind, Path] = {}
        self._video: VideoTranscoder | None = None
        self._audio: AudioTranscoder | None = None
        self.slated = False
        self._begin(unfit)

    def wants_frames(self, kind: Kind) -> bool:
        """Whether it needs this input decoded."""
        return (self._video if kind == "video" else self._audio) is not None

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height that it cannot change, if it is such a format and has begun."""
        return self._size if self._video is None else self._video.size

    @property
    def passed_size(self) -> tuple[int, int] | None:
        """Width and height of the pictures that it passes through, if it has seen any."""
        track = self._tracks.get("video") if "video" in self._passed else None
        return None if track is None else (track.width, track.height)

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
            self._transcode(kind, str(unfit))
            return str(unfit)
        except FormatError:
            pass  # one broken packet: the decoder of the browser will resume at a keyframe
        return ""

    def pictures(self, pictures: Sequence[Picture]) -> None:
        """Encode decoded pictures, if they are wanted."""
        if self._video is not None:
            self._video.put(pictures)

    def encode(self, pictures: Sequence[Picture]) -> None:
        """The same, every one of them, before it returns."""
        if self._video is not None:
            self._video.encode(pictures)

    def slate(self, picture: Picture) -> None:
        """Show ``picture`` in place of what does not come; `slated` from then on, if that means
        that it must be begun anew for what comes again."""
        if self._video is None:
            self._passed.clear()
            self._transcode("video", "there is nothing to pass through")
            self.slated = True
        if self._video is not None:
            self._video.put([picture])

    def sound(self, sound: Sound) -> None:
        """Encode decoded sound, if it is wanted."""
        if self._audio is not None:
            self._audio.put(sound)

    def want_keyframe(self) -> None:
        """Make the next picture a keyframe, where pictures are encoded here."""
        if self._video is not None:
            self._video.want_keyframe()

    def beat(self) -> int:
        """How many signs of life were given while it has encoded the same picture."""
        return 0 if self._video is None else self._video.beat()

    def close(self) -> None:
        """Send nothing more."""
        with self._lock:
            self._send = _nowhere
        if self._video is not None:
            self._video.close()

    def _begin(self, unfit: dict[Kind, str]) -> None:
        video, audio = self._inputs.get("video"), self._inputs.get("audio")
        is_empty = video is None and (audio is None or not self._rendition.audio)
        if is_empty and not self._goes_on:
            self._send(Refused(self.id, "the source has no picture"))
        if video is not None:
            if reason := self._unfit_video(video) or unfit.get("video", ""):
                self._transcode("video", reason)
            else:
                self._passed["video"] = _PASSED[self._rendition.video][1](video)
        if audio is not None and self._rendition.audio:
            self._begin_audio(audio, unfit.get("audio", ""))

    def _unfit_video(self, source: Input) -> str:
        if not self._rendition.untouched:
            return "another size, rate or quality was asked for"
        if self._rendition.video not in _PASSED:
            return f"{self._rendition.video} was asked for"
        return _PASSED[self._rendition.video][0](source)

    def _begin_audio(self, source: Input, unfit: str) -> None:
        is_aac = self._rendition.audio == "aac"
        if reason := (aac if is_aac else mp2).unfit(source) or unfit:
            self._transcode("audio", reason)
            return
        path = aac.AacPath(source) if is_aac else mp2.Mp2Path(source)
        self._passed["audio"] = path
        if path.track is not None:
            self._tracks["audio"] = path.track

    def _transcode(self, kind: Kind, reason: str) -> None:
        if kind == "audio":
            source = self._inputs["audio"]
            codec = self._rendition.audio
            self._audio = AudioTranscoder(
                codec, source, reason, lambda item: self._emit("audio", item)
            )
            self._tracks["audio"] = self._audio.track
        else:
            self._video = VideoTranscoder(
                self._rendition,
                self._inputs["video"].rate,
                reason,
                lambda item: self._emit("video", item),
                lambda text: self._send(Refused(self.id, text)),
                self._size,
            )

    def _emit(self, kind: Kind, encoded: Encoded) -> None:
        if len(encoded.data) > MAX_PACKET_BYTES:
            return  # the link could not carry it
        with self._lock:
            leads = kind == "video" or "video" not in self._inputs
            keyframe = leads and (encoded.keyframe or kind == "audio")
            self._note(kind, encoded, leads)
            if not self._enter(encoded.track, keyframe):
                return
            self._sequence += 1
            self._send(Media(self.id, self._packet(kind, encoded, keyframe)))

    def _note(self, kind: Kind, encoded: Encoded, leads: bool) -> None:
        """Keep account of which tracks there are."""
        self._tracks[kind] = encoded.track
        if kind == "audio":
            self._silence = -STEP_SECONDS  # the next picture is not after it, but beside it
            return
        # That both paused is no fault of the sound: one step does not count for much.
        step = min(max(encoded.seconds - self._last_seconds, 0.0), STEP_SECONDS)
        self._silence = max(0.0, self._silence + step)
        self._last_seconds = encoded.seconds
        if leads and self._silence > SILENCE_SECONDS:
            self._tracks.pop("audio", None)

    def _enter(self, track: Track, keyframe: bool) -> bool:
        """Whether a packet of ``track`` may be sent; begins a new epoch where tracks changed."""
        tracks = tuple(self._tracks[kind] for kind in ("video", "audio") if kind in self._tracks)
        if tracks != self._announced:
            if not keyframe:
                self.want_keyframe()
                return track in self._announced
            self.epoch += 1
            self._announced = tracks
            self._send(Epoch(self.id, self.epoch, tracks))
        return True

    def _packet(self, kind: Kind, encoded: Encoded, keyframe: bool) -> Packet:
        dts = self._next_ticks(kind, encoded)
        return Packet(
            self._announced.index(encoded.track),
            self.epoch,
            self._sequence,
            encoded.data,
            max(encoded.pts, dts),
            dts,
            min(max(encoded.duration, 0), MAX_DURATION),
            keyframe,
            encoded.captured,
            encoded.seconds,
        )

    def _next_ticks(self, kind: Kind, encoded: Encoded) -> int:
        """Decode times only ever grow, whatever a source says."""
        key = kind, encoded.track.timescale
        self._ticks[key] = max(encoded.dts, self._ticks.get(key, -1) + 1)
        return self._ticks[key]


def _nowhere(message: Message) -> None:
    """Where a closed encoding sends to."""
