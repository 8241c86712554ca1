"""The page of the topology: hubs as boxes, the sources on the left, the viewers on the right.

A pure function from `Topology.describe` to a string. It needs no script: it is loaded again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import Any

REFRESH_SECONDS = 2
_WIDTH, _HEIGHT, _GAP, _ROW = 200, 64, 56, 88
_SHORT = 8


@dataclass
class Graph:
    """Hubs by name: in which column each is, what stands in its box, and who takes from whom."""

    columns: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)
    arrows: dict[tuple[str, str], None] = field(default_factory=dict)

    def add(self, hub: str, column: int, *lines: str) -> None:
        """A hub, unless it is there already."""
        self.columns.setdefault(hub, column)
        self.lines.setdefault(hub, list(lines))

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


def topology_page(known: Mapping[str, Any]) -> str:
    """The whole page."""
    rows = "".join(_row(channel) for channel in known["channels"])
    table = (
        '<section class="panel wide"><h2>Channels</h2><table><thead><tr>'
        "<th>Channel<th>State<th>Through<th>Viewers here<th>in all<th>Age<th>Missing</tr></thead>"
        f"<tbody>{rows}</tbody></table></section>"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><title>Topology · televise</title>'
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="assets/televise.css">'
        '</head><body><main><nav aria-label="Site"><a href=".">All channels</a></nav>'
        f'<header class="title"><h1>Topology</h1></header>{_drawing(_graph(known))}{table}'
        "</main></body></html>\n"
    )


def _graph(known: Mapping[str, Any]) -> Graph:
    graph, us = Graph(), str(known["node"])
    graph.add(us, 0, "this hub", _people(sum(each["viewers"] for each in known["channels"])))
    for upstream in known["upstreams"]:
        name = upstream["node"] or upstream["url"]
        graph.add(name, -1, upstream["url"], _health(upstream))
        graph.arrows[name, us] = None
    for channel in known["channels"]:
        path = [*(channel["path"] or ()), us]
        for back, hub in enumerate(reversed(path)):
            graph.add(hub, -back, "further up")
        graph.arrows |= dict.fromkeys(pairwise(path))
    _add_below(graph, us, known["hubs"], 1)
    return graph


def _add_below(graph: Graph, above: str, hubs: Sequence[Mapping[str, Any]], column: int) -> None:
    for hub in hubs:
        graph.add(hub["node"], column, _people(sum(hub["viewers"].values())) + " there and below")
        graph.arrows[above, hub["node"]] = None
        _add_below(graph, hub["node"], hub["hubs"], column + 1)


def _health(upstream: Mapping[str, Any]) -> str:
    if upstream["state"] != "connected":
        return str(upstream["reason"])
    delay = "" if upstream["delay_ms"] is None else f", {upstream['delay_ms']:g} ms both ways"
    return f"{upstream['bytes'] / 1e6:.1f} MB{delay}"


def _people(count: int) -> str:
    return f"{count} viewer" + ("" if count == 1 else "s")


def _drawing(graph: Graph) -> str:
    places = graph.places()
    width = max(x for x, _ in places.values()) + _WIDTH + 1
    height = max(y for _, y in places.values()) + _HEIGHT + 1
    arrows = "".join(_arrow(places[start], places[end]) for start, end in graph.arrows)
    boxes = "".join(_box(hub, places[hub], graph.lines[hub]) for hub in graph.columns)
    return (
        f'<div class="wide"><svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="Hubs, and who takes from whom" font-size="12" fill="currentColor">'
        f"{arrows}{boxes}</svg></div>"
    )


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    """From the right side of a box to the left side of another, with a dot where it ends."""
    x1, y1, x2, y2 = start[0] + _WIDTH, start[1] + _HEIGHT // 2, end[0], end[1] + _HEIGHT // 2
    bend = _GAP // 2
    return (
        f'<path d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}" fill="none" '
        f'stroke="currentColor" opacity="0.5"/><circle cx="{x2}" cy="{y2}" r="3"/>'
    )


def _box(hub: str, place: tuple[int, int], lines: Sequence[str]) -> str:
    x, y = place
    texts = "".join(
        f'<text x="{x + 10}" y="{y + 20 + 16 * number}">{escape(line[:32])}</text>'
        for number, line in enumerate([hub[:_SHORT], *lines])
    )
    return (
        f'<g><title>{escape(hub)}</title><rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'rx="6" fill="none" stroke="currentColor"/>{texts}</g>'
    )


def _row(channel: Mapping[str, Any]) -> str:
    return f"<tr>{''.join(f'<td>{escape(cell)}' for cell in _cells(channel))}</tr>"


def _cells(channel: Mapping[str, Any]) -> Iterator[str]:
    yield str(channel["name"])
    yield str(channel["state"])
    path = channel["path"]
    yield "nobody now" if path is None else " → ".join(hub[:_SHORT] for hub in path) or "its source"
    yield str(channel["viewers"])
    yield str(channel["all_viewers"])
    yield "" if channel["age_ms"] is None else f"{channel['age_ms']:g} ms"
    yield str(channel["missing"])
