"""The hubs on a bus: which of them is asked for a channel, and which have gone."""

import json
from typing import Any

import pytest

from televise.errors import FormatError
from televise.hub.nats.neighbours import MAX_NEIGHBOURS, SILENCE_SECONDS, Neighbours
from televise.link.nats import cut
from tests.support.nats import announced, part_of


def heard(neighbours: Neighbours, node: str, now: float = 0.0, **values: Any) -> bool:
    """``node`` announces channel ``cam``, with these ``values``."""
    announcement = json.loads(announced(node, "cam"))
    announcement["channels"][0] |= values
    return neighbours.heard(node, part_of(json.dumps(announcement).encode()), now)


def best(neighbours: Neighbours) -> str:
    neighbour = neighbours.best("cam")
    return neighbour.node if neighbour else ""


def test_the_nearest_with_a_picture_is_the_best() -> None:
    neighbours = Neighbours("us")
    assert best(neighbours) == ""
    heard(neighbours, "b", path=["a", "b"])
    assert best(neighbours) == "b"
    heard(neighbours, "d")
    heard(neighbours, "c")
    assert best(neighbours) == "c"
    heard(neighbours, "c", state="offline")
    assert best(neighbours) == "d"
    assert neighbours.offers()["cam"].path == ("d",)


def test_only_what_is_new_is_news() -> None:
    neighbours = Neighbours("us")
    assert heard(neighbours, "a")
    assert not heard(neighbours, "a")
    assert heard(neighbours, "a", state="stalled")


def test_what_came_through_us_cannot_be_had() -> None:
    neighbours = Neighbours("us")
    heard(neighbours, "a", path=["us", "a"])
    heard(neighbours, "b", path=[*(f"n{number}" for number in range(8)), "b"])
    assert neighbours.offers() == {}


def test_who_is_silent_has_gone() -> None:
    neighbours = Neighbours("us")
    heard(neighbours, "a", now=0.0)
    heard(neighbours, "b", now=1.0)
    assert neighbours.silent(SILENCE_SECONDS) == []
    (silent,) = neighbours.silent(SILENCE_SECONDS + 0.5)
    assert silent.node == "a"
    assert neighbours.forget(silent)
    assert not neighbours.forget(silent)
    assert [each.node for each in neighbours] == ["b"]
    # Who comes back is another.
    heard(neighbours, "a", now=10.0)
    assert not neighbours.has(silent, "cam")
    assert not neighbours.forget(silent)


def test_long_announcements_come_in_parts() -> None:
    neighbours = Neighbours("us")
    names = [f"c{number}" for number in range(5000)]
    first, *rest = cut(announced("a", *names), 1)
    assert len(rest) >= 1
    assert not neighbours.heard("a", first, 0.0)
    assert "a" not in neighbours
    assert [neighbours.heard("a", part, 0.0) for part in rest][-1]
    assert list(neighbours.offers()) == names


@pytest.mark.parametrize("said", [b"", b"{}", announced("other", "cam"), announced("us", "cam")])
def test_what_is_no_announcement(said: bytes) -> None:
    neighbours = Neighbours("us")
    with pytest.raises(FormatError):
        neighbours.heard("a", part_of(said), 0.0)
    assert len(neighbours) == 0


def test_there_is_no_end_of_names_for_strangers() -> None:
    neighbours = Neighbours("us")
    for number in range(MAX_NEIGHBOURS):
        heard(neighbours, f"n{number}")
    with pytest.raises(FormatError, match="more than"):
        heard(neighbours, "more")
    assert not heard(neighbours, "n1")
