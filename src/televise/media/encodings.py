"""Encodings: what a source has, and all that the hub wants made of it."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from televise.link.messages import Announce, Message, Subscribe
from televise.media.encoders.encoded import Picture, Sound
from televise.media.encoding import Encoding
from televise.media.passthrough import aac, h264, jpeg, mp2, mpeg1
from televise.media.passthrough.path import UNTOUCHED
from televise.media.source import Input
from televise.media.unit import Unit
from televise.model.track import Kind, Track

# What passes through, but not in MP4.
_ELSEWHERE = {"mjpeg": jpeg.unfit, "mpeg1video": mpeg1.unfit, "mp2": mp2.unfit}


class Encodings:
    """One encoding for each subscription. Whoever uses it holds a lock, except for `on_watched`."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._wanted: dict[int, Subscribe] = {}
        self._encodings: dict[int, Encoding] = {}
        self._unfit: dict[Kind, str] = {}
        self._watch_lock = threading.Lock()
        self._tell_watched: Callable[[bool], None] | None = None
        self.inputs: list[Input] = []

    def open(self, inputs: Sequence[Input]) -> None:
        """The source has these ``inputs`` now: all begin anew."""
        self.inputs = list(inputs)
        self._unfit = {}
        self._announce()
        for wanted in list(self._wanted.values()):
            self.start(wanted, ())

    def subscribe(self, wanted: Subscribe) -> bool:
        """Remember that it is wanted; whether it can begin now."""
        self._wanted[wanted.id] = wanted
        return bool(self.inputs)

    def unsubscribe(self, identifier: int) -> None:
        """End an encoding."""
        self._wanted.pop(identifier, None)
        if encoding := self._encodings.pop(identifier, None):
            encoding.close()

    def want_keyframe(self, identifier: int) -> None:
        """Make the next picture of an encoding a keyframe."""
        if encoding := self._encodings.get(identifier):
            encoding.want_keyframe()

    def start(self, wanted: Subscribe, recent: Iterable[tuple[Kind, Unit]]) -> Encoding:
        """Begin an encoding, with what there is since the newest keyframe."""
        size = None
        if old := self._encodings.pop(wanted.id, None):
            old.close()
            size = old.size
            wanted = replace(wanted, epoch=max(wanted.epoch, old.epoch + 1))
        inputs = {source.kind: source for source in self.inputs}
        encoding = Encoding(wanted, inputs, self._unfit, self._send, size, goes_on=old is not None)
        self._encodings[wanted.id] = encoding
        for kind, unit in recent:
            self._pass_through(encoding, kind, unit)
        return encoding

    def packet(self, kind: Kind, unit: Unit) -> None:
        """Pass ``unit`` through where that can be done."""
        for encoding in list(self._encodings.values()):
            self._pass_through(encoding, kind, unit)

    def deliver(self, pictures: Sequence[Picture], sounds: Sequence[Sound]) -> None:
        """Give decoded frames, which came out of the decoder together, to every encoding."""
        if pictures:
            self._note_size(pictures[-1].frame.width, pictures[-1].frame.height)
        for encoding in self._encodings.values():
            if pictures:
                encoding.pictures(pictures)
            for sound in sounds:
                encoding.sound(sound)

    def show_slate(self, picture: Picture) -> None:
        """Show ``picture`` in place of what does not come."""
        for encoding in self._encodings.values():
            encoding.slate(picture)

    def leave_slate(self, recent: Sequence[tuple[Kind, Unit]]) -> None:
        """What was passed through is so again."""
        for number, encoding in list(self._encodings.items()):
            if encoding.slated:
                self.start(self._wanted[number], recent)

    def beat(self) -> int:
        """At each sign of life: for how many of them an encoder has had the same picture."""
        return max((each.beat() for each in list(self._encodings.values())), default=0)

    def wants_frames(self, kind: Kind) -> bool:
        """Whether this input must be decoded."""
        return any(encoding.wants_frames(kind) for encoding in self._encodings.values())

    @property
    def watched(self) -> bool:
        """Whether anything is wanted."""
        return bool(self._wanted)

    def on_watched(self, tell: Callable[[bool], None]) -> None:
        """Call ``tell`` now and at every `note_watchers`: whether anything is wanted."""
        self._tell_watched = tell
        self.note_watchers()

    def note_watchers(self) -> None:
        """Somebody has come or gone."""
        with self._watch_lock:
            if self._tell_watched is not None:
                self._tell_watched(self.watched)

    def _pass_through(self, encoding: Encoding, kind: Kind, unit: Unit) -> None:
        if reason := encoding.packet(kind, unit):
            self._unfit[kind] = reason
            self._announce()
        if size := encoding.passed_size:
            self._note_size(*size)

    def _note_size(self, width: int, height: int) -> None:
        """Tell of the size of the pictures, where it was not known or has changed."""
        for number, source in enumerate(self.inputs):
            if source.kind == "video" and (source.width, source.height) != (width, height):
                self.inputs[number] = replace(source, width=width, height=height)
                self._announce()

    def _announce(self) -> None:
        self._send(Announce(tuple(self._describe(source) for source in self.inputs)))

    def _describe(self, source: Input) -> Track:
        """What the source has, and what happens to it for browsers."""
        check = h264.unfit if source.kind == "video" else aac.unfit
        reason = self._unfit.get(source.kind) or check(source)
        if source.codec in _ELSEWHERE and not _ELSEWHERE[source.codec](source):
            reason = f"{reason} in MP4; where that is asked for, it passes through"
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
