"""Intake: takes what the source gives, puts it on media time, and hands it to every encoding."""

import threading
import time
from collections.abc import Callable, Sequence

import av
import av.error

from televise.link.messages import Announce, Message, State, Subscribe
from televise.media.encoders.encoded import Picture
from televise.media.encoding import Encoding
from televise.media.passthrough import UNTOUCHED, unfit_audio, unfit_video
from televise.media.source import AnyPacket, Input
from televise.media.unit import Unit
from televise.model.clock import JUMP_SECONDS, MediaClock
from televise.model.track import Kind, Track

# A source that is not paced by its own clock may run ahead of real time by this much.
AHEAD_SECONDS = 2.0
MAX_RECENT_BYTES = 64 << 20
_TURN_SECONDS = 0.04


class Intake:
    """The feed of the worker's one source (see `televise.media.source.Feed`)."""

    def __init__(self, send: Callable[[Message], None], origin: float) -> None:
        self._send = send
        self._origin = origin
        self._clock = MediaClock(origin)
        self._ahead = AHEAD_SECONDS
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._inputs: list[Input] = []
        self._unfit: dict[Kind, str] = {}
        self._wanted: dict[int, Subscribe] = {}
        self._encodings: dict[int, Encoding] = {}
        self._recent: list[Unit] = []
        self._recent_bytes = 0
        self._decoding: set[Kind] = set()
        self._picture: Picture | None = None
        self._state = State("connecting")
        self.last_arrival = time.monotonic()

    @property
    def stopping(self) -> bool:
        """Whether the source is to return."""
        return self._stop.is_set()

    @property
    def state(self) -> State:
        """What was last said of the source."""
        return self._state

    def stop(self) -> None:
        """Make the source return."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Sleep ``seconds``; true where the source is to return."""
        return self._stop.wait(seconds) if seconds > 0 else self._stop.is_set()

    def set_state(self, state: State) -> None:
        """Tell the hub how the source is."""
        self._state = state
        self._send(state)

    def opened(self, inputs: Sequence[Input], *, paced: bool = False) -> None:
        """The source is open (again): all encodings begin anew."""
        with self._lock:
            self._ahead = 0.0 if paced else AHEAD_SECONDS
            self._clock.restart(float("inf") if paced else JUMP_SECONDS)
            self._inputs = list(inputs)
            self._unfit = {}
            self._decoding = set()
            self._picture = None
            self._forget_recent()
            self._announce()
            for wanted in list(self._wanted.values()):
                self._start(wanted)

    def packet(self, index: int, packet: AnyPacket) -> None:
        """One encoded packet; returns when it is time for the next."""
        unit = self._placed(index, packet)
        if self.wait(unit.seconds - self._ahead - (time.monotonic() - self._origin)):
            return
        self._arrived()
        kind = self._inputs[index].kind
        with self._lock:
            self._remember(kind, unit)
            for encoding in list(self._encodings.values()):
                if reason := encoding.packet(kind, unit):
                    self._unfit[kind] = reason
                    self._announce()
            if self._decodes(kind):
                self._decode(kind, unit)

    def frame(self, index: int, frame: av.VideoFrame | av.AudioFrame) -> None:
        """One raw frame."""
        self._arrived()
        source = frame.time or 0.0
        rate = self._inputs[index].rate or 1.0
        duration = 1 / rate if isinstance(frame, av.VideoFrame) else frame.samples / rate
        now = time.monotonic()
        seconds = self._clock.media_seconds(index, source, duration, now)
        with self._lock:
            self._deliver(frame, seconds, duration, time.time_ns(), 0)

    def subscribe(self, wanted: Subscribe) -> None:
        """Begin an encoding, with the newest picture that there is."""
        with self._lock:
            self._wanted[wanted.id] = wanted
            if self._inputs:
                self._start(wanted)

    def unsubscribe(self, identifier: int) -> None:
        """End an encoding."""
        with self._lock:
            self._wanted.pop(identifier, None)
            if encoding := self._encodings.pop(identifier, None):
                encoding.close()
            self._decoding = {kind for kind in self._decoding if self._decodes(kind)}

    def _start(self, wanted: Subscribe) -> None:
        epoch = wanted.epoch
        if old := self._encodings.pop(wanted.id, None):
            old.close()
            epoch = max(epoch, old.epoch + 1)
        inputs = {source.kind: source for source in self._inputs}
        encoding = Encoding(wanted.id, wanted.rendition, epoch, inputs, self._unfit, self._send)
        self._encodings[wanted.id] = encoding
        for unit in self._recent:
            encoding.packet(self._inputs[unit.index].kind, unit)
        if encoding.wants_frames("video"):
            self._show_newest(encoding)

    def _show_newest(self, encoding: Encoding) -> None:
        """Give a new encoding a picture now, not at the next frame or keyframe."""
        if "video" not in self._decoding and self._recent:
            self._catch_up()
        elif self._picture is not None:
            encoding.picture(self._picture)

    def _catch_up(self) -> None:
        """Start the decoder at the newest keyframe, which lies in the past."""
        self._picture = None
        for unit in self._recent:
            if self._inputs[unit.index].kind == "video":
                self._decode("video", unit)

    def _placed(self, index: int, packet: AnyPacket) -> Unit:
        """The packet with its place in media time."""
        dts = packet.pts if packet.dts is None else packet.dts
        pts = packet.dts if packet.pts is None else packet.pts
        base = packet.time_base
        duration = float((packet.duration or 0) * base) or self._usual_duration(index)
        source = float((dts or 0) * base)
        seconds = self._clock.media_seconds(index, source, duration, time.monotonic())
        shown = seconds + float(((pts or 0) - (dts or 0)) * base)
        return Unit(
            index, packet, bytes(packet), seconds, shown, duration, seconds - source, time.time_ns()
        )

    def _usual_duration(self, index: int) -> float:
        source = self._inputs[index]
        if source.kind == "audio":
            return 1024 / source.rate if source.rate else _TURN_SECONDS
        return 1 / source.rate if source.rate else _TURN_SECONDS

    def _arrived(self) -> None:
        self.last_arrival = time.monotonic()
        if self._state.state != "live":
            self.set_state(State("live"))

    def _remember(self, kind: Kind, unit: Unit) -> None:
        """Keep what has come since the newest keyframe, for those who join."""
        if kind == "video" and unit.packet.is_keyframe:
            self._forget_recent()
        elif not self._recent:
            return
        self._recent.append(unit)
        self._recent_bytes += len(unit.data)
        if self._recent_bytes > MAX_RECENT_BYTES:
            self._forget_recent()

    def _forget_recent(self) -> None:
        self._recent, self._recent_bytes = [], 0

    def _decodes(self, kind: Kind) -> bool:
        return any(encoding.wants_frames(kind) for encoding in self._encodings.values())

    def _decode(self, kind: Kind, unit: Unit) -> None:
        decoder = self._inputs[unit.index].decoder
        if decoder is None or not self._is_decodable(kind, unit):
            return
        try:
            frames = decoder.decode(unit.packet)
        except av.error.FFmpegError:
            return  # a broken packet; the decoder goes on with the next
        for frame in frames:
            at = unit.shown_seconds
            if frame.time is not None:
                at = frame.time + unit.offset
            rotation = self._inputs[unit.index].rotation
            self._deliver(frame, at, unit.duration, unit.captured, rotation)

    def _is_decodable(self, kind: Kind, unit: Unit) -> bool:
        """A decoder that starts, or starts again, starts at a keyframe."""
        if kind in self._decoding:
            return True
        if kind == "video" and not unit.packet.is_keyframe:
            return False
        if decoder := self._inputs[unit.index].decoder:
            decoder.flush_buffers()
        self._decoding.add(kind)
        return True

    def _deliver(
        self,
        frame: av.VideoFrame | av.AudioFrame,
        seconds: float,
        duration: float,
        captured: int,
        rotation: int,
    ) -> None:
        if isinstance(frame, av.AudioFrame):
            for encoding in self._encodings.values():
                encoding.sound(frame, seconds, captured)
            return
        self._picture = Picture(frame, seconds, duration, captured, rotation)
        for encoding in self._encodings.values():
            encoding.picture(self._picture)

    def _announce(self) -> None:
        self._send(Announce(tuple(self._describe(source) for source in self._inputs)))

    def _describe(self, source: Input) -> Track:
        """What the source has, and what happens to it for browsers."""
        check = unfit_video if source.kind == "video" else unfit_audio
        reason = self._unfit.get(source.kind) or check(source)
        return Track(
            source.kind,
            source.codec,
            0,
            width=source.width,
            height=source.height,
            sample_rate=int(source.rate) if source.kind == "audio" else 0,
            channels=source.channels,
            delivery="transcode" if reason else "passthrough",
            reason=reason or UNTOUCHED,
        )
