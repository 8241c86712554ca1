"""Fuzz the JSON of strangers: of players, of walls, and of hubs that announce and report."""

import json
from pathlib import Path
from typing import Any, cast

import atheris

with atheris.instrument_imports(include=["televise"]):
    from televise.errors import InputError
    from televise.formats.strict_json import compact, parse_json
    from televise.formats.websocket import TEXT, FrameReader
    from televise.hub.hub import Hub
    from televise.hub.relays.offer import parse_announcement
    from televise.model.rendition import Rendition
    from televise.model.source import parse_source
    from televise.model.track import Track
    from televise.web import wall
    from televise.web.edge import Edge
    from televise.web.limits import Admission
    from televise.web.message import parse_message
    from televise.web.peers import parse_report, pruned
    from televise.web.seats import Seats
    from televise.web.trust.keys import Keys
    from televise.web.viewer import Viewer

from fuzz.harness import changed, fuzz

HUB = Hub([parse_source("cam=pattern:")])
EDGE = Edge(HUB, Admission(), "0", Seats(HUB, Keys(Path("unused")), new_channels=False))
EDGE.listening.add("cam")
TRACK = Track("video", "h264", 90_000, b"\x01\x64", 1280, 720).to_json()
OFFER = {"name": "cam", "state": "live", "text": "", "path": ["a"], "tracks": [TRACK]}
BELOW = {"node": "b", "viewers": {"cam": 1}, "ages": {"cam": {"shown": 1.5}}, "hubs": []}
GOOD: list[dict[str, Any]] = [
    {"type": "clock", "client": 12.5},
    {"type": "report", "rung": "mse", "age_ms": 80},
    {"type": "pointer", "x": 0.5, "y": 0.5, "button": 0, "captured": 5.0},
    {"type": "ledger"},
    {"type": "watch", "channel": "cam", "w": 64, "h": 48, "fps": 5.5, "q": 70},
    {"node": "a", "channels": [OFFER]},
    {"node": "a", "viewers": {"cam": 2}, "ages": {}, "hubs": [BELOW], "clock": 5},
    {"node": "a", "viewers": {}, "ages": {}, "hubs": [BELOW | {"hubs": [BELOW]}], "clock": 6},
]


class Player:
    """A viewer who is told something."""

    channel = "cam"

    def answer(self, data: bytes) -> None:
        [(opcode, payload)] = FrameReader(1000).feed(data)
        assert opcode == TEXT
        parse_json(payload)

    def tell_ledger(self) -> None:
        pass


def target(data: bytes) -> None:
    """The first byte chooses a good message, and whether what is said is the rest, or the message
    as the rest changes it."""
    way, rest = sum(data[:1]), data[1:]
    text = rest.decode(errors="replace") if way & 1 else json.dumps(changed(GOOD[way >> 5], rest))
    if way < 0x80:
        EDGE.heard(parse_message(text), cast("Viewer", Player()))
    elif way < 0xA0:
        watch(parse_message(text))
    elif way < 0xC0:
        who, offers = parse_announcement(text, "here")
        assert all(who == offer.path[-1] and name == offer.name for name, offer in offers.items())
    else:
        report = parse_report(parse_json(text))
        strict(report.describe())
        strict(pruned(report.hubs, frozenset({report.node})))
        assert parse_report(report.describe() | {"clock": report.clock}) == report


def watch(message: dict[str, Any]) -> None:
    """What a wall is to show."""
    assert len(wall._name(message)) <= wall.MAX_NAME
    wish = {key: message[key] for key in ("w", "h", "fps", "q") if message.get(key)}
    try:
        rendition = wall._rendition(wish)
    except InputError:
        return
    assert Rendition.from_json(rendition.to_json()) == rendition


def strict(values: Any) -> None:
    """It can be told to others."""
    text = json.dumps(values, separators=(",", ":"))
    assert compact(text) == text


def seeds() -> list[bytes]:
    texts = [json.dumps(each).encode() for each in GOOD]
    said = [bytes([number << 5 | 1]) + text for number, text in enumerate(texts)]
    odd = [bytes([number << 5, 3, 4]) for number in range(len(GOOD))]
    return [*said, *odd, b"\x01" + texts[0].replace(b"12.5", b"1e999")]


if __name__ == "__main__":
    fuzz(target, seeds())
