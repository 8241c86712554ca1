"""Segments: parts of a film that are written into a folder one after another, played as one."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePath

import av.error

from televise.errors import SourceError
from televise.link.messages import State
from televise.media.container import explain, open_container
from televise.media.demuxer import Demuxer
from televise.media.folder import Entry, Folder, number_order
from televise.media.playback import Playback, end_of
from televise.media.source import AnyPacket, Feed, Input

SUFFIXES = frozenset(
    {".mpg", ".mpeg", ".ts", ".m2ts", ".mts", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".flv"}
    | {".avi", ".ogv", ".nut", ".mjpeg", ".h264", ".264"}
)
# Nobody writes a segment any more when another has been begun, or after so long a silence; by our
# clock, as that of a disk on the network may be another.
SILENCE_SECONDS = 5.0
# Where none has followed for so long, and twice as long as the last one was, its writer may have
# died: not all are of the same length.
STALLED_SECONDS = 3.0
# It is played so much later than it could be: else each delay of the recorder would be seen.
SLACK_SECONDS = 0.3
# What comes later than this after the one before it leaves a gap in time, else it catches up.
_LATE_SECONDS = 0.25
# A recorder's clock may be faster than ours: where so many wait, only the newest is played.
MOST_WAITING = 30
# Segments whose own times are so close continue each other.
_CLOSE_SECONDS = 0.25
_START_CODE = b"\0\0"  # of H.264, HEVC and MPEG video in a byte stream
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file, which was first seen like this at monotonic time ``at``."""

    entry: Entry
    at: float


class Segments:
    """Plays the newest complete segment of ``folder``, then those that follow it."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._waiting: dict[str, _Seen] = {}
        self._inputs: list[Input] = []
        # Our seconds, the source's own, and our clock at 0.
        self._end = self._own_end = self._began = 0.0
        self._missed_at: float | None = None

    def run(self, feed: Feed, there: Iterable[Entry]) -> None:
        """Play until stopped. SourceError."""
        self._take(there)
        ready = self._ready()
        for name in ready[:-1]:
            del self._waiting[name]
        while not feed.stopping:
            if ready := self._ready():
                self._play(self._choose(ready), feed)
            self._tell_of_silence(feed)
            self._take(self._folder.look(0.0 if ready else _LOOK_SECONDS))

    def _take(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if PurePath(entry.name).suffix.lower() in SUFFIXES:
                self._waiting[entry.name] = _Seen(entry, time.monotonic())

    def _ready(self) -> list[str]:
        """The complete ones that wait, the oldest first."""
        waiting = sorted(
            self._waiting.values(),
            key=lambda seen: (seen.entry.written, number_order(seen.entry.name)),
        )
        return [
            seen.entry.name for seen in waiting if seen is not waiting[-1] or self._is_over(seen)
        ]

    def _is_over(self, newest: _Seen) -> bool:
        name = newest.entry.name
        if self._folder.is_closed(name):
            return True
        if time.monotonic() - newest.at <= SILENCE_SECONDS:
            return False
        news = self._folder.look_at(name)  # all may be looked at seldom
        self._take(news)
        return not news

    def _choose(self, ready: list[str]) -> str:
        """The next one; those that are passed over are done with."""
        passed = ready[:-1] if len(ready) > MOST_WAITING else []
        for name in passed:
            del self._waiting[name]
            self._folder.finish(name)
        return ready[len(passed)]

    def _play(self, name: str, feed: Feed) -> None:
        del self._waiting[name]
        file = self._folder.open(name)
        if file is None:
            return
        shown = f"{self._folder.path}/{name}"
        try:
            with file, open_container(file, "", shown=shown) as container:
                self._play_demuxer(Demuxer(container), feed)
        except SourceError as error:
            self._folder.complain(name, str(error).removeprefix(f"{shown}: "))
        except av.error.FFmpegError as error:
            self._folder.complain(name, str(explain(error, shown)).removeprefix(f"{shown}: "))
        else:
            if not feed.stopping:
                self._folder.finish(name)

    def _tell_of_silence(self, feed: Feed) -> None:
        """Once, until another has been played; a new process would show the last one again."""
        if self._missed_at is None or time.monotonic() < self._missed_at:
            return
        self._missed_at = None
        feed.set_state(State("stalled", "no new segment for long: does its writer still run?"))

    def _play_demuxer(self, demuxer: Demuxer, feed: Feed) -> None:
        """Put one segment behind the last, as its own times say where they go on."""
        start = demuxer.start  # before packets are moved in time
        begin, follows = self._end, abs(start - self._own_end) < _CLOSE_SECONDS
        if _identities(demuxer.inputs) != _identities(self._inputs):
            begin, follows = self._open(demuxer, feed), False
        elif follows:
            begin += start - self._own_end
        now = time.monotonic() - self._began
        if now - begin > _LATE_SECONDS:
            begin = now + SLACK_SECONDS
        part = _Part(demuxer, begin, follows=follows)
        end = part.run(feed)
        has_pictures = any(each.kind == "video" for each in demuxer.inputs)
        self._end = part.pictures_end if has_pictures else end
        self._own_end = start + self._end - begin
        self._missed_at = time.monotonic() + STALLED_SECONDS + 2 * (self._end - begin)

    def _open(self, demuxer: Demuxer, feed: Feed) -> float:
        """The first segment, or one of another kind; returns where it begins."""
        demuxer.find_rotation()
        self._inputs = list(demuxer.inputs)
        feed.opened(demuxer.inputs, paced=True)
        feed.wait(SLACK_SECONDS)
        self._began = time.monotonic()
        return 0.0


class _Part(Playback):
    """A segment, all of its sound to the end, and from before its first picture if it ``follows``.

    ``pictures_end`` is where its last picture has been shown.
    """

    def __init__(self, demuxer: Demuxer, begin: float, *, follows: bool) -> None:
        super().__init__(demuxer, begin, still=False)
        self.pictures_end = begin
        self._follows = follows

    def _is_over_the_seam(self, source: Input, packet: AnyPacket) -> bool:
        end = end_of(packet) + self._shift
        if source.kind == "video":
            self.pictures_end = max(self.pictures_end, end)
        return source.kind == "audio" and not self._follows and end < self._begin


def _identities(inputs: Iterable[Input]) -> list[Input]:
    """What must not change while one decoder is used.

    Rates are only guessed; parameters that are in the stream itself may change with it.
    """
    return [
        replace(
            each,
            decoder=None,
            rotation=0,
            rate=each.rate if each.kind == "audio" else 0,
            extradata=b"" if each.extradata.startswith(_START_CODE) else each.extradata,
        )
        for each in inputs
    ]
