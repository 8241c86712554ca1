"""Intake: takes what the source gives, puts it on media time, and hands it to every encoding."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import av

from televise.errors import SourceError
from televise.link.messages import Allow, Look, Message, Note, State, Subscribe
from televise.media.clip import send_clip
from televise.media.damage import Damage
from televise.media.decodings import Decodings
from televise.media.encoders.encoded import Picture, Sound
from televise.media.encodings import Encodings
from televise.media.pace import Pace
from televise.media.pixels import too_large
from televise.media.recent import Recent
from televise.media.replay import Replay
from televise.media.slate import Slate, words_for
from televise.media.source import AnyPacket, Input
from televise.media.status import Status
from televise.media.timeline import Timeline
from televise.media.unit import Unit

# A slate is drawn anew so often.
SLATE_SECONDS = 1.0


class Intake:
    """The feed of the worker's one source (see `televise.media.source.Feed`).

    It keeps ``replay_seconds`` of it, as far as that is ``allowed``; media time is zero at
    monotonic time ``origin``.
    """

    def __init__(
        self,
        send: Callable[[Message], None],
        origin: float,
        replay_seconds: float = 0.0,
        allowed: Allow | None = None,
    ) -> None:
        self._send = send
        self._timeline = Timeline(origin)
        self._pace = Pace(self._timeline, self.wait, self._hand_on)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._encodings = Encodings(send)
        self._recent = Recent()
        self._decodings = Decodings(self._lock, self._recent, self._encodings)
        self._damage = Damage(send)
        self._replay = Replay(replay_seconds, (allowed or Allow()).kept)
        self._slate: Slate | None = None
        self.status = Status(send)

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
        """Tell the hub how the source is, now that all that it gave has been handed on."""
        self._pace.drain()
        self.status.set(state)

    def opened(self, inputs: Sequence[Input], *, paced: bool = False) -> None:
        """The source is open (again): all encodings begin anew. SourceError where its pictures are
        larger than they may be, whoever makes them."""
        for problem in filter(None, (too_large(each.width, each.height) for each in inputs)):
            raise SourceError(f"its pictures have {problem}")
        self._pace.drain()
        with self._lock:
            if self._slate is None and not self.status.live:
                self._slate = self._make_slate()
            self._timeline.restart(inputs, paced=paced)
            self._pace.restart(paced=paced)
            self._decodings.open(inputs)
            self._recent.clear()
            self._damage.forget(paced=paced)
            self._encodings.open(inputs)

    def packet(self, index: int, packet: AnyPacket, captured: int = 0) -> None:
        """One encoded packet. It returns when that may be followed by another: what is a film is
        made to wait."""
        self._leave_slate()
        place = self._timeline.place(index, packet, time.monotonic())
        self._pace.put(Unit(index, packet, bytes(packet), place, captured))

    def frame(self, index: int, frame: av.VideoFrame | av.AudioFrame, captured: int = 0) -> None:
        """One raw frame."""
        self._leave_slate()
        self.status.arrived()
        place = self._timeline.place_frame(index, frame, time.monotonic())
        captured = captured or time.time_ns()
        with self._lock:
            if isinstance(frame, av.AudioFrame):
                self._decodings.deliver([Sound(frame, place.seconds, captured)])
            else:
                picture = Picture(frame, place.seconds, place.duration, captured)
                self._replay.append_picture(picture)
                self._decodings.deliver([picture])

    def note(self, captured: int, text: str) -> None:
        """What is to be told with the picture ``captured`` then."""
        self._send(Note(captured, text))

    def on_watched(self, tell: Callable[[bool], None]) -> None:
        """Call ``tell`` now and at every coming and going: whether somebody watches."""
        self._encodings.on_watched(tell)

    def subscribe(self, wanted: Subscribe) -> None:
        """Begin an encoding, with the newest picture that there is, or soon a slate."""
        with self._lock:
            if self._encodings.subscribe(wanted):
                self._begin(wanted)
        self._encodings.note_watchers()

    def _begin(self, wanted: Subscribe) -> None:
        """What a source had last that is missed is not now: a slate shows it."""
        slate = self._slate_picture() if self.status.missed else None
        encoding = self._encodings.start(wanted, self._recent if slate is None else ())
        if slate is not None:
            encoding.slate(slate)
        elif encoding.wants_frames("video"):
            self._decodings.show_newest(encoding)

    def unsubscribe(self, identifier: int) -> None:
        """End an encoding."""
        with self._lock:
            self._encodings.unsubscribe(identifier)
            self._decodings.stop_unwanted()
        self._encodings.note_watchers()

    def want_keyframe(self, identifier: int) -> None:
        """Make the next picture of an encoding a keyframe, where it is encoded here."""
        with self._lock:
            self._encodings.want_keyframe(identifier)

    def keep(self, allowed: Allow) -> None:
        """So much of the past from now on."""
        self._replay.set_limit(allowed.kept)

    def look(self, look: Look, asked: float, is_wanted: Callable[[], bool]) -> None:
        """Send a part of the past, ``asked`` for at monotonic seconds, as long as it is wanted; it
        takes a while."""
        send_clip(look, self._replay, self._timeline.seconds(asked), self._send, is_wanted)

    def beat(self) -> int:
        """At each sign of life: for how many of them an encoder has had the same picture."""
        return self._encodings.beat()

    def show_slate(self) -> None:
        """Give viewers something to see, where the source has been silent for some time."""
        with self._lock:
            if self.status.live or not self._encodings.watched:
                return
            if (picture := self._slate_picture()) is not None:
                self._encodings.show_slate(picture)

    def _slate_picture(self) -> Picture | None:
        """None where there was no picture yet."""
        self._slate = self._slate or self._make_slate()
        if self._slate is None:
            return None
        now = time.monotonic()
        words = words_for(self.status.state.state, now - self.status.last_arrival)
        return self._slate.picture(
            words, self._timeline.seconds(now), time.time_ns(), SLATE_SECONDS
        )

    def _make_slate(self) -> Slate | None:
        self._decodings.find_picture()
        picture = self._decodings.picture
        return None if picture is None else Slate(picture)

    def _leave_slate(self) -> None:
        """The source is back."""
        if self._slate is None:
            return
        self._pace.flush()
        with self._lock:
            self._slate = None
            self._timeline.resume()
            self._recent.move(self._timeline.seconds(time.monotonic()))
            self._encodings.leave_slate(list(self._recent))

    def _hand_on(self, unit: Unit) -> None:
        """A picture of a film is captured when it is due, one that is live when it comes."""
        self.status.arrived()
        source = self._encodings.inputs[unit.index]
        unit = unit if unit.captured else replace(unit, captured=time.time_ns())
        for whole in self._damage.sift(source.kind, unit):
            with self._lock:
                self._take(source, whole)

    def _take(self, source: Input, unit: Unit) -> None:
        self._recent.append(source.kind, unit)
        self._replay.append(source, unit)
        self._encodings.packet(source.kind, unit)
        self._decodings.take(source.kind, unit)
