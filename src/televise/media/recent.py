"""Recent: what has come since the newest keyframe, for those who join."""

from collections.abc import Iterator
from dataclasses import replace

from televise.media.unit import Unit
from televise.model.track import Kind

MAX_BYTES = 64 << 20
_STEP_SECONDS = 0.001


class Recent:
    """The units from the newest video keyframe on; nothing where they are too many.

    With each keyframe begins another ``generation``.
    """

    def __init__(self) -> None:
        self._units: list[tuple[Kind, Unit]] = []
        self._bytes = 0
        self.generation = 0

    def __iter__(self) -> Iterator[tuple[Kind, Unit]]:
        return iter(self._units)

    def clear(self) -> None:
        """Forget everything."""
        self._units, self._bytes = [], 0
        self.generation += 1

    def move(self, end: float) -> None:
        """Let all end at ``end`` seconds of media time, close together: they are old."""
        first = end - len(self._units) * _STEP_SECONDS
        for number, (kind, unit) in enumerate(self._units):
            seconds = first + number * _STEP_SECONDS
            shown = seconds + unit.place.shown_seconds - unit.place.seconds
            place = replace(unit.place, seconds=seconds, shown_seconds=shown)
            self._units[number] = kind, replace(unit, place=place)

    def append(self, kind: Kind, unit: Unit) -> None:
        """Keep the newest unit."""
        if kind == "video" and unit.packet.is_keyframe:
            self.clear()
        elif not self._units:
            return
        self._units.append((kind, unit))
        self._bytes += len(unit.data)
        if self._bytes > MAX_BYTES:
            self.clear()
