"""What a hub below reports, and what is no report."""

from typing import Any

import pytest

from televise.errors import FormatError
from televise.web.peers import MAX_DEPTH, MAX_HUBS, parse_report, pruned


def hub(node: str, *hubs: Any, **viewers: int) -> dict[str, Any]:
    return {"node": node, "viewers": viewers, "ages": {}, "hubs": list(hubs)}


def test_a_report() -> None:
    report = parse_report(hub("a", hub("b", cam=2), cam=3) | {"clock": 5})
    assert (report.node, report.viewers, report.clock) == ("a", {"cam": 3}, 5)
    assert report.hubs == [hub("b", cam=2)]


def test_what_else_is_said_goes_no_further() -> None:
    """It would come to others, and with NaN in it no page could read the topology any more."""
    more = {"clock": 5, "x": float("nan")}
    report = parse_report(hub("a", hub("b") | more) | more)
    assert report.describe() == hub("a", hub("b"))


def chain(depth: int) -> dict[str, Any]:
    return hub(f"n{depth}", *([chain(depth - 1)] if depth > 1 else []))


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        {},
        hub("a"),
        hub("a") | {"clock": "now"},
        hub("a") | {"clock": True},
        hub("a") | {"clock": 1 << 63},
        hub("") | {"clock": 1},
        hub("a b") | {"clock": 1},
        hub("a", cam=-1) | {"clock": 1},
        hub("a", cam=1 << 31) | {"clock": 1},
        {"node": "a", "viewers": {"cam": "2"}, "hubs": [], "clock": 1},
        {"node": "a", "viewers": {"<b>": 2}, "hubs": [], "clock": 1},
        {"node": "a", "viewers": [], "hubs": [], "clock": 1},
        {"node": "a", "viewers": {}, "hubs": {}, "clock": 1},
        hub("a") | {"clock": 1, "ages": {"cam": {"shown": 10**400}}},
        hub("a") | {"clock": 1, "ages": {"cam": {"shown": float("nan")}}},
        hub("a") | {"clock": 1, "ages": {"cam": {"shown": True}}},
        hub("a", 7) | {"clock": 1},
        hub("a", *[hub("b")] * MAX_HUBS) | {"clock": 1},
        chain(MAX_DEPTH + 1) | {"clock": 1},
    ],
)
def test_what_is_none(values: Any) -> None:
    with pytest.raises(FormatError):
        parse_report(values)


def test_those_that_take_from_each_other_are_told_once() -> None:
    ring = [hub("b", hub("us", hub("b")), hub("c"))]
    assert pruned(ring, frozenset({"us"})) == [hub("b", hub("c"))]


def test_what_is_pruned_can_be_reported() -> None:
    deep = pruned([chain(50)], frozenset({"us"}))
    assert parse_report(hub("us", *deep) | {"clock": 1}).hubs == deep
