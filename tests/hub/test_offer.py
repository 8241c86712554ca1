"""What another hub announces, and what is none."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError
from televise.hub.relays.offer import MAX_CHANNELS, MAX_HOPS, Offer, parse_announcement
from televise.model.track import Track

VIDEO = Track("video", "h264", 0, width=640, height=480)
GOOD: dict[str, Any] = {
    "name": "cam",
    "state": "live",
    "text": "",
    "path": ["there"],
    "tracks": [VIDEO.to_json()],
}


def announced(*channels: Any, node: Any = "there") -> str:
    return json.dumps({"node": node, "channels": channels})


def test_what_can_be_had() -> None:
    node, offers = parse_announcement(announced(GOOD), "here")
    assert node == "there"
    assert offers == {"cam": Offer("cam", "live", "", ("there",), (VIDEO,))}
    assert offers["cam"].good


def test_nothing_that_came_through_us() -> None:
    _, offers = parse_announcement(announced(GOOD | {"path": ["here", "there"]}), "here")
    assert offers == {}


def test_nothing_that_came_through_too_many() -> None:
    far = [f"hub{number}" for number in range(MAX_HOPS - 1)] + ["there"]
    _, offers = parse_announcement(announced(GOOD | {"path": far}), "here")
    assert "cam" in offers
    _, offers = parse_announcement(announced(GOOD | {"path": ["more", *far]}), "here")
    assert offers == {}


def test_a_name_that_is_none_here_hides_no_other() -> None:
    """Another version may have other reserved names."""
    _, offers = parse_announcement(announced(GOOD, GOOD | {"name": "topology"}), "here")
    assert list(offers) == ["cam"]


def test_ourselves() -> None:
    with pytest.raises(FormatError, match="this very hub"):
        parse_announcement(announced(node="here"), "here")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"node":"there"}',
        "[" * 100_000,
        announced(node=7),
        announced(node="a b"),
        announced(node="x" * 65),
        announced(7),
        announced({"name": "cam"}),
        announced(GOOD | {"path": []}),
        announced(GOOD | {"path": ["other"]}),
        announced(GOOD | {"path": "there"}),
        announced(GOOD | {"path": ["<b>", "there"]}),
        announced(GOOD | {"state": "lively"}),
        announced(GOOD | {"text": []}),
        announced(GOOD | {"name": 7}),
        announced(GOOD | {"tracks": [VIDEO.to_json() | {"width": 10**400}]}),
        announced(GOOD | {"tracks": [VIDEO.to_json() | {"width": float("nan")}]}),
        announced(GOOD | {"tracks": [{}]}),
        announced(GOOD | {"tracks": [VIDEO.to_json()] * 9}),
        announced(GOOD | {"tracks": 7}),
        announced(*[7] * (MAX_CHANNELS + 1)),
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(FormatError):
        parse_announcement(text, "here")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(GOOD)), inner)
    ),
    max_leaves=20,
)


@given(st.fixed_dictionaries({"node": st.just("there"), "channels": st.lists(JSON, max_size=3)}))
def test_nothing_else_is_raised(values: Any) -> None:
    with contextlib.suppress(FormatError):
        parse_announcement(json.dumps(values), "here")
