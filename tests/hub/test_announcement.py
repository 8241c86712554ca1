"""What a hub announces is never more than others take."""

from typing import Any

from televise.hub.relays.announcement import as_text
from televise.hub.relays.offer import MAX_ANNOUNCEMENT_BYTES, parse_announcement


def offered(name: str, text: str = "") -> dict[str, Any]:
    return {"name": name, "state": "live", "text": text, "path": ["us"], "tracks": []}


def test_all_of_it() -> None:
    said = {"node": "us", "channels": [offered("b", "x" * 500), offered("a")]}
    _, offers = parse_announcement(as_text(said), "them")
    assert list(offers) == ["b", "a"]


def test_what_is_too_much_costs_nobody_else() -> None:
    """Two channels that together are more than all may be."""
    half = "é" * (MAX_ANNOUNCEMENT_BYTES // 12)
    said = {"node": "us", "channels": [offered("a", half), offered("cam"), offered("b", half)]}
    text = as_text(said)
    assert len(text) < MAX_ANNOUNCEMENT_BYTES
    _, offers = parse_announcement(text, "them")
    assert list(offers) == ["cam", "a"]


def test_nothing_but_too_much() -> None:
    said = {"node": "us", "channels": [offered("a", "x" * MAX_ANNOUNCEMENT_BYTES)]}
    assert parse_announcement(as_text(said), "them") == ("us", {})
