"""The page of the topology: who takes what from whom, and who watches where.

A pure function from `Topology.describe` to a string. Its script only loads it again and again;
without scripts the browser does.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

from televise.web.topology_drawing import Graph, drawing, short

REFRESH_SECONDS = 2


def topology_page(known: Mapping[str, Any]) -> str:
    """The whole page."""
    tables = (
        _table(
            "Channels",
            ("Channel", "State", "Through", "Viewers here", "in all", "Age", "Missing"),
            map(_channel, known["channels"]),
        ),
        _table(
            "Links",
            ("From", "To", "Channel", "Rendition", "By", "MB", "Packets", "Dropped", "Waiting"),
            [*map(_take, known["takes"]), *(_give(each, known["node"]) for each in known["links"])],
        ),
        _table("Hops", ("From", "By", "Delay", "Clock", "MB", "State"), _hops(known)),
        _table(
            "Who watches what",
            ("Hub", "Channel", "Viewers there and below", "Age when it comes", "on screen"),
            _watchers(known),
        ),
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><noscript>'
        f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}"></noscript>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><title>Topology · televise</title>'
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="assets/televise.css">'
        '<script type="module" src="assets/televise.js"></script></head><body><main data-live>'
        '<nav aria-label="Site"><a href=".">All channels</a></nav>'
        f'<header class="title"><h1>Topology</h1></header>{drawing(_graph(known))}{"".join(tables)}'
        "</main></body></html>\n"
    )


def _graph(known: Mapping[str, Any]) -> Graph:
    graph, us = Graph(), str(known["node"])
    graph.add(us, 0, "this hub", _people(sum(each["viewers"] for each in known["channels"])))
    for upstream in known["upstreams"]:
        _add_above(graph, us, upstream)
    for publisher in known["publishers"]:
        name = f"publisher of {publisher['channel']}"
        by = "by the link" if publisher["format"] == "link" else publisher["format"]
        graph.add(name, -1, by, _delay(publisher), title=name)
        graph.connect(name, us)
    for channel in known["channels"]:
        path = [*(channel["path"] or ()), us]
        for back, hub in enumerate(reversed(path)):
            graph.add(hub, -back, "further up")
        for start, end in pairwise(path):
            graph.connect(start, end)
    _add_below(graph, us, known["hubs"], 1)
    _add_traffic(graph, known)
    return graph


def _add_traffic(graph: Graph, known: Mapping[str, Any]) -> None:
    """What crosses each link of this hub; of others only their ends are known."""
    us, crossing = str(known["node"]), dict[tuple[str, str], list[Mapping[str, Any]]]()
    for take in known["takes"]:
        above = take["node"] or f"publisher of {take['channel']}"
        crossing.setdefault((above, us), []).append(take | {"dropped": take["missing"]})
    for link in known["links"]:
        crossing.setdefault((us, link["node"]), []).append(link | {"dropped": link["skipped"]})
    for ends in graph.arrows:
        if ends in crossing:
            graph.connect(*ends, *_traffic(crossing[ends]))
        elif us in ends and not ends[0].startswith("publisher of "):
            graph.idle.add(ends)


def _traffic(crossing: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield ", ".join(dict.fromkeys(str(each["channel"]) for each in crossing))
    dropped = sum(each["dropped"] for each in crossing)
    yield f"{sum(each['bytes'] for each in crossing) / 1e6:.1f} MB, {dropped} dropped"


def _add_above(graph: Graph, us: str, upstream: Mapping[str, Any]) -> None:
    for neighbour in upstream["neighbours"]:
        if neighbour["channels"]:
            graph.add(neighbour["node"], -1, upstream["url"], _delay(neighbour))
    if not upstream["neighbours"]:
        name = upstream["node"] or upstream["url"]
        health = _delay(upstream) if upstream["state"] == "connected" else upstream["reason"]
        graph.add(name, -1, upstream["url"], health)
        graph.connect(name, us)


def _add_below(graph: Graph, above: str, hubs: Sequence[Mapping[str, Any]], column: int) -> None:
    for hub in hubs:
        ages = [each["arrived"] for each in hub["ages"].values() if "arrived" in each]
        people = _people(sum(hub["viewers"].values())) + " there and below"
        graph.add(hub["node"], column, people, f"{max(ages):g} ms old there" if ages else "")
        graph.connect(above, hub["node"])
        _add_below(graph, hub["node"], hub["hubs"], column + 1)


def _people(count: int) -> str:
    return f"{count} viewer" + ("" if count == 1 else "s")


def _delay(hop: Mapping[str, Any]) -> str:
    return "" if hop["delay_ms"] is None else f"{hop['delay_ms']:g} ms there and back"


def _channel(channel: Mapping[str, Any]) -> Iterator[str]:
    path, ages = channel["path"], channel["ages"]
    yield str(channel["name"])
    yield str(channel["state"])
    yield "nobody now" if path is None else " → ".join(map(short, path)) or "its source"
    yield str(channel["viewers"])
    yield str(channel["all_viewers"])
    yield _milliseconds(ages.get("arrived"))
    yield str(channel["missing"])


def _take(take: Mapping[str, Any]) -> Iterator[str]:
    """What this hub takes of others; what was dropped on the way is its channel's."""
    smaller = "" if take["rendition"] == take["wanted"] else ", smaller than is wanted"
    yield short(take["node"]) or take["upstream"]
    yield "this hub"
    yield take["channel"]
    yield _rendition(take["rendition"]) + smaller
    yield take["via"]
    yield f"{take['bytes'] / 1e6:.1f}"
    yield str(take["packets"])
    yield str(take["missing"])
    yield ""


def _give(link: Mapping[str, Any], us: str) -> Iterator[str]:
    yield "this hub"
    yield short(link["node"])
    yield link["channel"]
    yield _rendition(link["rendition"])
    yield link["via"]
    yield f"{link['bytes'] / 1e6:.1f}"
    yield str(link["delivered"])
    yield str(link["skipped"])
    yield str(link["offered"] - link["delivered"] - link["skipped"])


def _hops(known: Mapping[str, Any]) -> Iterator[list[str]]:
    for upstream in known["upstreams"]:
        state = upstream["reason"] or upstream["state"]
        sent = f"{upstream['bytes'] / 1e6:.1f}"
        if not upstream["neighbours"]:
            name = short(upstream["node"])
            yield [name, upstream["url"], _delay(upstream), _clock(upstream), sent, state]
        for each in upstream["neighbours"]:
            yield [short(each["node"]), upstream["url"], _delay(each), _clock(each), sent, state]
    for each in known["publishers"]:
        name, sent = f"publisher of {each['channel']}", f"{each['bytes'] / 1e6:.1f}"
        yield [name, each["format"], _delay(each), _clock(each), sent, "connected"]


def _clock(hop: Mapping[str, Any]) -> str:
    offset = hop["clock_offset_ms"]
    return "the same" if not offset else f"{abs(offset):g} ms {'behind' if offset > 0 else 'ahead'}"


def _watchers(known: Mapping[str, Any]) -> Iterator[list[str]]:
    for channel in known["channels"]:
        name, count = channel["name"], channel["viewers"]
        if count:
            yield ["this hub, here", name, str(count), *_both(channel["ages"])]
    yield from _watchers_below(known["hubs"], "")


def _watchers_below(hubs: Sequence[Mapping[str, Any]], indent: str) -> Iterator[list[str]]:
    for hub in hubs:
        for name, count in hub["viewers"].items():
            ages = _both(hub["ages"].get(name, {}))
            yield [f"{indent}{short(hub['node'])}", name, str(count), *ages]
        yield from _watchers_below(hub["hubs"], f"{indent}→ ")


def _both(ages: Mapping[str, float]) -> list[str]:
    return [_milliseconds(ages.get(each)) for each in ("arrived", "shown")]


def _milliseconds(age: float | None) -> str:
    return "" if age is None else f"{age:g} ms"


def _rendition(rendition: Mapping[str, Any]) -> str:
    """As it is asked for in a URL."""
    codecs = [str(rendition[kind]) for kind in ("video", "audio") if rendition.get(kind)]
    more = [f"{key}={value}" for key, value in rendition.items() if key not in ("video", "audio")]
    return " ".join(["+".join(codecs), *more])


def _table(title: str, heads: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}' for cell in row)}</tr>" for row in rows)
    if not body:
        return ""
    head = "".join(f"<th>{each}" for each in heads)
    return (
        f'<section class="panel wide"><h2>{title}</h2><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></section>"
    )
