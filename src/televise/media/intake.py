"""Intake: takes what the source gives, puts it on media time, and hands it to every encoding."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import av

from televise.link.messages import Announce, Ended, Look, Message, Note, State, Subscribe
from televise.media.clip import Clip
from televise.media.decoding import Decoding
from televise.media.encoders.encoded import Picture, Sound
from televise.media.encoding import Encoding
from televise.media.passthrough import aac, h264
from televise.media.passthrough.path import UNTOUCHED
from televise.media.recent import Recent
from televise.media.replay import Replay
from televise.media.slate import Slate, words_for
from televise.media.source import AnyPacket, Input
from televise.media.timeline import Timeline
from televise.media.unit import Unit
from televise.model.track import Kind, Track

# A slate is drawn anew so often.
SLATE_SECONDS = 1.0


class Intake:
    """The feed of the worker's one source (see `televise.media.source.Feed`)."""

    def __init__(
        self, send: Callable[[Message], None], origin: float, replay_seconds: float
    ) -> None:
        self._send = send
        self._timeline = Timeline(origin)
        self._lock = threading.Lock()
        self._state_lock = threading.Lock()
        self._stop = threading.Event()
        self._inputs: list[Input] = []
        self._decodings: dict[Kind, Decoding] = {}
        self._unfit: dict[Kind, str] = {}
        self._wanted: dict[int, Subscribe] = {}
        self._watch_lock = threading.Lock()
        self._tell_watched: Callable[[bool], None] | None = None
        self._encodings: dict[int, Encoding] = {}
        self._recent = Recent()
        self._replay = Replay(replay_seconds)
        self._picture: Picture | None = None
        self._catching_up = False
        self._slate: Slate | None = None
        self._state = State("connecting")
        self.last_arrival = time.monotonic()

    @property
    def stopping(self) -> bool:
        """Whether the source is to return."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Make the source return."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Sleep ``seconds``; true where the source is to return."""
        return self._stop.wait(seconds) if seconds > 0 else self._stop.is_set()

    def set_state(self, state: State) -> None:
        """Tell the hub how the source is."""
        with self._state_lock:
            self._state = state
            self._send(state)

    def repeat_state(self, stalled: str = "") -> State:
        """Say it again, as a sign of life; ``stalled`` is why a live source is no longer that."""
        with self._state_lock:
            if stalled and self._state.state == "live":
                self._state = State("stalled", stalled)
            self._send(self._state)
            return self._state

    def opened(self, inputs: Sequence[Input], *, paced: bool = False) -> None:
        """The source is open (again): all encodings begin anew."""
        with self._lock:
            if self._slate is None and self._state.state != "live":
                self._slate = self._make_slate()
            self._timeline.restart(inputs, paced=paced, now=time.monotonic())
            self._inputs = list(inputs)
            self._decodings = {source.kind: Decoding(source) for source in inputs}
            self._unfit = {}
            self._picture = None
            self._recent.clear()
            self._announce()
            for wanted in list(self._wanted.values()):
                self._start(wanted)

    def packet(self, index: int, packet: AnyPacket, captured: int = 0) -> None:
        """One encoded packet; returns when it has been dealt with, no sooner than it is due."""
        now = time.monotonic()
        self._leave_slate()
        place = self._timeline.place(index, packet, now)
        if self.wait(self._timeline.wait_seconds(place, now)):
            return
        self._arrived()
        unit = Unit(index, packet, bytes(packet), place, captured or time.time_ns())
        with self._lock:
            self._take(self._inputs[index].kind, unit)

    def frame(self, index: int, frame: av.VideoFrame | av.AudioFrame, captured: int = 0) -> None:
        """One raw frame."""
        self._leave_slate()
        self._arrived()
        place = self._timeline.place_frame(index, frame, time.monotonic())
        captured = captured or time.time_ns()
        with self._lock:
            if isinstance(frame, av.AudioFrame):
                self._deliver([Sound(frame, place.seconds, captured)])
            else:
                picture = Picture(frame, place.seconds, place.duration, captured)
                self._replay.append_picture(picture)
                self._deliver([picture])

    def note(self, captured: int, text: str) -> None:
        """What is to be told with the picture ``captured`` then."""
        self._send(Note(captured, text))

    def on_watched(self, tell: Callable[[bool], None]) -> None:
        """Call ``tell`` now and at every coming and going: whether somebody watches."""
        self._tell_watched = tell
        self._note_watchers()

    def _note_watchers(self) -> None:
        with self._watch_lock:
            if self._tell_watched is not None:
                self._tell_watched(bool(self._wanted))

    def tell(self, message: Message) -> None:
        """Anything else that the hub is to know."""
        self._send(message)

    def look(self, look: Look) -> None:
        """Send a part of the past, which takes a while."""
        now = self._timeline.seconds(time.monotonic())
        begin = now - look.ago
        kept = self._replay.between(begin, begin + look.length)
        if any(each.source.kind == "video" for each in kept):
            Clip(look, kept, begin, self._send).run()
            return
        oldest = self._replay.oldest
        back = f"it goes back {now - oldest:.0f} s" if oldest is not None else "there is none yet"
        self._send(Ended(look.id, f"no picture from {look.ago:.0f} s ago is kept: {back}"))

    def show_slate(self, silence: float) -> None:
        """Give viewers something to see, where the source has been silent for so many seconds."""
        with self._lock:
            if self._state.state == "live" or not self._encodings:
                return
            self._slate = self._slate or self._make_slate()
            if self._slate is None:
                return
            words, now = words_for(self._state.state, silence), time.time_ns()
            seconds = self._timeline.seconds(time.monotonic())
            picture = self._slate.picture(words, seconds, now, SLATE_SECONDS)
            for encoding in self._encodings.values():
                encoding.slate(picture)

    def _make_slate(self) -> Slate | None:
        if self._picture is None and "video" in self._decodings:
            for kind, unit in self._recent:
                if kind == "video":
                    pictures = self._decodings[kind].decode(unit)
                    self._picture = next(
                        (each for each in pictures[::-1] if isinstance(each, Picture)),
                        self._picture,
                    )
            self._decodings["video"].stop()
        return None if self._picture is None else Slate(self._picture)

    def _leave_slate(self) -> None:
        """The source is back: what was passed through is so again, at the next keyframe."""
        if self._slate is None:
            return
        with self._lock:
            self._slate = None
            self._timeline.resume()
            self._recent.move(self._timeline.seconds(time.monotonic()))
            for number, encoding in list(self._encodings.items()):
                if encoding.slated:
                    self._start(self._wanted[number])

    def subscribe(self, wanted: Subscribe) -> None:
        """Begin an encoding, with the newest picture that there is."""
        with self._lock:
            self._wanted[wanted.id] = wanted
            if self._inputs:
                self._start(wanted, patient=True)
        self._note_watchers()
        if self._catching_up:
            self._catch_up_slowly()

    def unsubscribe(self, identifier: int) -> None:
        """End an encoding."""
        with self._lock:
            self._wanted.pop(identifier, None)
            if encoding := self._encodings.pop(identifier, None):
                encoding.close()
            for kind, decoding in self._decodings.items():
                if not self._wants_frames(kind):
                    decoding.stop()
        self._note_watchers()

    def _start(self, wanted: Subscribe, *, patient: bool = False) -> None:
        if old := self._encodings.pop(wanted.id, None):
            old.close()
            wanted = replace(wanted, epoch=max(wanted.epoch, old.epoch + 1))
        inputs = {source.kind: source for source in self._inputs}
        encoding = Encoding(wanted, inputs, self._unfit, self._send)
        self._encodings[wanted.id] = encoding
        for kind, unit in self._recent:
            self._pass_through(encoding, kind, unit)
        if encoding.wants_frames("video"):
            self._show_newest(encoding, patient=patient)

    def _take(self, kind: Kind, unit: Unit) -> None:
        self._recent.append(kind, unit)
        self._replay.append(self._inputs[unit.index], unit)
        for encoding in list(self._encodings.values()):
            self._pass_through(encoding, kind, unit)
        if self._wants_frames(kind):
            self._decode(kind, unit)

    def _pass_through(self, encoding: Encoding, kind: Kind, unit: Unit) -> None:
        if reason := encoding.packet(kind, unit):
            self._unfit[kind] = reason
            self._announce()
        if size := encoding.passed_size:
            self._note_size(*size)

    def _note_size(self, width: int, height: int) -> None:
        """Tell of the size of the pictures, where it was not known or has changed."""
        for number, source in enumerate(self._inputs):
            if source.kind == "video" and (source.width, source.height) != (width, height):
                self._inputs[number] = replace(source, width=width, height=height)
                self._announce()

    def _decode(self, kind: Kind, unit: Unit) -> None:
        decoding = self._decodings[kind]
        if kind == "video" and self._catching_up:
            return  # `_catch_up_slowly` will come to it
        if kind == "video" and decoding.resting:
            self._catch_up()
        else:
            self._deliver(decoding.decode(unit))

    def _show_newest(self, encoding: Encoding, *, patient: bool) -> None:
        """Give a new encoding a picture now, not at the next frame or keyframe."""
        if self._catching_up:
            return
        if self._decodings["video"].resting and patient:
            self._catching_up = True
        elif self._decodings["video"].resting:
            self._catch_up()
        elif self._picture is not None:
            encoding.pictures([self._picture])

    def _catch_up(self) -> None:
        """Start the decoder at the newest keyframe, which may lie in the past; show the newest."""
        newest: list[Picture | Sound] = []
        for kind, unit in self._recent:
            if kind == "video":
                newest = self._decodings[kind].decode(unit)[-1:] or newest
        self._deliver(newest)

    def _catch_up_slowly(self) -> None:
        """The same, one packet at a time: those who need no decoder do not wait for it."""
        done, generation = 0, -1
        newest: list[Picture | Sound] = []
        while True:
            with self._lock:
                if generation != self._recent.generation:
                    generation, done = self._recent.generation, 0
                units = [unit for kind, unit in self._recent if kind == "video"]
                decoding = self._decodings.get("video")
                if decoding is None or done >= len(units) or not self._wants_frames("video"):
                    self._catching_up = False
                    self._deliver(newest)
                    return
                newest = decoding.decode(units[done])[-1:] or newest
                done += 1
            time.sleep(0)  # else the other threads would not get the lock

    def _deliver(self, items: Sequence[Picture | Sound]) -> None:
        """Give decoded frames, which came out of the decoder together, to every encoding."""
        pictures = [item for item in items if isinstance(item, Picture)]
        sounds = [item for item in items if isinstance(item, Sound)]
        if pictures:
            self._picture = pictures[-1]
            self._note_size(self._picture.frame.width, self._picture.frame.height)
        for encoding in self._encodings.values():
            if pictures:
                encoding.pictures(pictures)
            for sound in sounds:
                encoding.sound(sound)

    def _wants_frames(self, kind: Kind) -> bool:
        return any(encoding.wants_frames(kind) for encoding in self._encodings.values())

    def _arrived(self) -> None:
        self.last_arrival = time.monotonic()
        if self._state.state != "live":
            self.set_state(State("live"))

    def _announce(self) -> None:
        self._send(Announce(tuple(self._describe(source) for source in self._inputs)))

    def _describe(self, source: Input) -> Track:
        """What the source has, and what happens to it for browsers."""
        check = h264.unfit if source.kind == "video" else aac.unfit
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
