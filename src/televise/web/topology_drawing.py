"""The drawing of a topology: hubs as boxes, the sources on the left, the viewers on the right."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

_WIDTH, _HEIGHT, _GAP, _ROW = 200, 64, 170, 88
# How far down an arrow to the left goes.
_DIP = 22
_SHORT = 8
# What fits beside an arrow.
_LETTERS = 26


@dataclass
class Graph:
    """Hubs by name: in which column each is, what stands in its box, and who takes from whom.

    An arrow has lines of its own; one of the ``idle`` ones is there, and nothing crosses it.
    """

    columns: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)
    arrows: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    idle: set[tuple[str, str]] = field(default_factory=set)

    def add(self, hub: str, column: int, *lines: str, title: str = "") -> None:
        """A hub, unless it is there already; its ``title``, if that is not its name."""
        self.columns.setdefault(hub, column)
        self.lines.setdefault(hub, [title or short(hub), *lines])

    def connect(self, start: str, end: str, *lines: str) -> None:
        """``end`` takes from ``start``; more ``lines`` stand below those that are there."""
        self.arrows.setdefault((start, end), []).extend(lines)

    def places(self) -> dict[str, tuple[int, int]]:
        """The upper left corner of each box, in pixels."""
        first = min(self.columns.values())
        rows: dict[int, int] = {}
        found = {}
        for hub, column in self.columns.items():
            row = rows.get(column, 0)
            rows[column] = row + 1
            found[hub] = ((column - first) * (_WIDTH + _GAP) + 1, row * _ROW + 1)
        return found


def drawing(graph: Graph) -> str:
    """As SVG."""
    places = graph.places()
    width = max(x for x, _ in places.values()) + _WIDTH + 1
    height = max(y for _, y in places.values()) + _HEIGHT + _DIP
    ends = Counter(end for _, end in graph.arrows)
    arrows = "".join(
        _arrow(places[start], places[end], (start, end) in graph.idle)
        + _label(places[start], places[end], lines, at_start=ends[end] > 1)
        for (start, end), lines in graph.arrows.items()
    )
    boxes = "".join(_box(hub, places[hub], graph.lines[hub]) for hub in graph.columns)
    return (
        f'<div class="wide"><svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="Hubs, and who takes from whom" font-size="12" fill="currentColor">'
        f"{arrows}{boxes}</svg></div>"
    )


def _arrow(start: tuple[int, int], end: tuple[int, int], idle: bool) -> str:
    """From the right side of a box to the left side of another, with a dot where it ends; to one
    that is not further to the right, from below to below. Dashed where it is ``idle``."""
    if end[0] > start[0]:
        x1, y1, x2, y2 = start[0] + _WIDTH, start[1] + _HEIGHT // 2, end[0], end[1] + _HEIGHT // 2
        bend = _GAP // 2
        curve = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    else:
        x1, y1, x2, y2 = start[0] + _WIDTH // 2, start[1], end[0] + _WIDTH // 2, end[1]
        y1, y2 = y1 + _HEIGHT, y2 + _HEIGHT
        curve = f"M{x1} {y1}C{x1} {y1 + _DIP} {x2} {y2 + _DIP} {x2} {y2}"
    dashes = ' stroke-dasharray="3 5"' if idle else ""
    return (
        f'<path d="{curve}" fill="none" stroke="currentColor" opacity="0.5"{dashes}/>'
        f'<circle cx="{x2}" cy="{y2}" r="3"/>'
    )


def _label(
    start: tuple[int, int], end: tuple[int, int], lines: Sequence[str], *, at_start: bool
) -> str:
    """What crosses: above and below an arrow to the right, at that end where it is alone; beside
    the end of one to the left."""
    if end[0] <= start[0]:
        x, y, anchor = end[0] + _WIDTH // 2 + 8, end[1] + _HEIGHT + 14, "start"
        lines = [" ".join(lines)]
    elif at_start:
        x, y, anchor = start[0] + _WIDTH + 8, start[1] + _HEIGHT // 2 - 5, "start"
    else:
        x, y, anchor = end[0] - 8, end[1] + _HEIGHT // 2 - 5, "end"
    return "".join(
        f'<text x="{x}" y="{y + 15 * number}" text-anchor="{anchor}" font-size="11">'
        f"{escape(line[:_LETTERS])}</text>"
        for number, line in enumerate(lines)
    )


def _box(hub: str, place: tuple[int, int], lines: Sequence[str]) -> str:
    x, y = place
    texts = "".join(
        f'<text x="{x + 10}" y="{y + 20 + 16 * number}">{escape(line[:32])}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<g><title>{escape(hub)}</title><rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'rx="6" fill="none" stroke="currentColor"/>{texts}</g>'
    )


def short(hub: str) -> str:
    """The name of a hub, as it is shown: what it is called, or the begin of its number."""
    name, _, _ = hub.rpartition("-")
    return name or hub[:_SHORT]
