"""Decodings: the decoders of all inputs of a source, which run while somebody wants frames."""

import threading
import time
from collections.abc import Sequence

from televise.media.decoding import Decoding
from televise.media.encoders.encoded import Picture, Sound
from televise.media.encoding import Encoding
from televise.media.encodings import Encodings
from televise.media.recent import Recent
from televise.media.source import Input
from televise.media.unit import Unit
from televise.model.track import Kind


class Decodings:
    """Decodes for all ``encodings``. Whoever uses it holds ``lock``.

    ``recent`` is what has come since the newest keyframe, ``picture`` the newest that was decoded.
    """

    def __init__(self, lock: threading.Lock, recent: Recent, encodings: Encodings) -> None:
        self._lock = lock
        self._recent = recent
        self._encodings = encodings
        self._decodings: dict[Kind, Decoding] = {}
        self._catching_up = False
        self.picture: Picture | None = None

    def open(self, inputs: Sequence[Input]) -> None:
        """The source has these ``inputs`` now."""
        self._decodings = {source.kind: Decoding(source) for source in inputs}
        self.picture = None

    def take(self, kind: Kind, unit: Unit) -> None:
        """Decode ``unit``, the newest of the recent ones, if that is wanted."""
        if not self._encodings.wants_frames(kind):
            return
        decoding = self._decodings[kind]
        if kind == "video" and self._catching_up:
            return  # `_catch_up` will come to it
        if kind == "video" and decoding.resting:
            # It starts at the newest keyframe, which may lie in the past.
            self.deliver(self._decode_recent())
        else:
            self.deliver(decoding.decode(unit))

    def deliver(self, items: Sequence[Picture | Sound]) -> None:
        """Give what was decoded to every encoding."""
        pictures = [item for item in items if isinstance(item, Picture)]
        if pictures:
            self.picture = pictures[-1]
        self._encodings.deliver(pictures, [item for item in items if isinstance(item, Sound)])

    def show_newest(self, encoding: Encoding) -> None:
        """Give a new encoding a picture now, not at the next frame or keyframe."""
        if self._catching_up:
            return
        if self._decodings["video"].resting:
            self._begin_to_catch_up()
        elif self.picture is not None:
            encoding.pictures([self.picture])

    def _begin_to_catch_up(self) -> None:
        self._catching_up = any(kind == "video" for kind, _ in self._recent)
        if self._catching_up:
            threading.Thread(target=self._catch_up, name="catching up", daemon=True).start()

    def find_picture(self) -> None:
        """Know a ``picture``, if there is one, though nobody wanted any."""
        if self.picture is None and "video" in self._decodings:
            pictures = [each for each in self._decode_recent() if isinstance(each, Picture)]
            self.picture = pictures[-1] if pictures else None
            self._decodings["video"].stop()

    def stop_unwanted(self) -> None:
        """Somebody has gone."""
        for kind, decoding in self._decodings.items():
            if not self._encodings.wants_frames(kind):
                decoding.stop()

    def _decode_recent(self) -> list[Picture | Sound]:
        """The newest picture, decoded from the newest keyframe on."""
        newest: list[Picture | Sound] = []
        for kind, unit in self._recent:
            if kind == "video":
                newest = self._decodings[kind].decode(unit)[-1:] or newest
        return newest

    def _catch_up(self) -> None:
        """The same in a thread, one packet at a time: neither those who need no decoder wait for
        it, nor what the hub says."""
        steps = _Steps(self._recent)
        try:
            while self._step(steps):
                time.sleep(0)  # else the other threads would not get the lock
        except Exception:
            with self._lock:
                # The source's thread will do the same, and whatever is wrong shows there.
                self._decodings["video"].stop()
                self._catching_up = False

    def _step(self, steps: "_Steps") -> bool:
        """Whether there may be more to do."""
        with self._lock:
            decoding = self._decodings.get("video")
            wanted = self._encodings.wants_frames("video")
            if decoding is not None and wanted and steps.decode_next(decoding):
                return True
            self._catching_up = False
            self.deliver(steps.newest)
            return False


class _Steps:
    """On the way to the ``newest`` picture of what is ``recent``."""

    def __init__(self, recent: Recent) -> None:
        self._recent = recent
        self._generation = -1
        self._done = 0
        self._decoding: Decoding | None = None
        self.newest: list[Picture | Sound] = []

    def decode_next(self, decoding: Decoding) -> bool:
        """One packet more, from the beginning if there is another; false where all are done."""
        if decoding is not self._decoding:
            self._decoding, self.newest = decoding, []
        if self._generation != self._recent.generation or decoding.resting:
            self._generation, self._done = self._recent.generation, 0
        units = [unit for kind, unit in self._recent if kind == "video"]
        if self._done >= len(units):
            return False
        self.newest = decoding.decode(units[self._done])[-1:] or self.newest
        self._done += 1
        return True
