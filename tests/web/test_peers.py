"""What a hub below reports, and what is no report."""

import json
from typing import Any

import pytest

from televise.errors import FormatError
from televise.hub.relays.told import MAX_HUBS, MAX_REPORT_BYTES, MAX_VIEWERS
from televise.hub.relays.told import told as reported
from televise.web.peers import MAX_DEPTH, parse_report, pruned


def hub(node: str, *hubs: Any, **viewers: int) -> dict[str, Any]:
    return {"node": node, "viewers": viewers, "ages": {}, "hubs": list(hubs)}


def test_a_report() -> None:
    report = parse_report(hub("a", hub("b", cam=2), cam=3) | {"clock": 5})
    assert (report.node, report.viewers, report.clock) == ("a", {"cam": 3}, 5)
    assert report.hubs == [told(hub("b", cam=2))]


def told(said: dict[str, Any]) -> dict[str, Any]:
    """As it is passed on: with ages, though there are none."""
    return said | {"ages": said.get("ages", {}), "hubs": [told(each) for each in said["hubs"]]}


def test_a_hub_below_is_looked_at_as_the_first() -> None:
    strange = hub("b") | {"more": "x" * 1000}
    assert parse_report(hub("a", strange) | {"clock": 5}).hubs == [told(hub("b"))]
    wrongs: list[Any] = [{"cam": {"shown": "x"}}, {"<b>": {}}, []]
    for wrong in wrongs:
        with pytest.raises(FormatError):
            parse_report(hub("a", hub("b") | {"ages": wrong}) | {"clock": 5})


def test_only_what_is_allowed_is_believed() -> None:
    said = hub("a", hub("b", cam=1, door=2), cam=3, door=4)
    report = parse_report(said | {"clock": 1, "ages": {"door": {}}}, lambda name: name == "cam")
    assert (report.viewers, report.ages) == ({"cam": 3}, {})
    assert report.hubs == [told(hub("b", cam=1))]


MANY = [hub(f"h{number}") for number in range(MAX_HUBS - 2)]
NAMES = {f"channel-{number}": number for number in range(10_000)}


@pytest.mark.parametrize(
    "said",
    [
        hub("x", cam=MAX_VIEWERS - 1),
        hub("x", *MANY),
        hub("x", **NAMES),
        hub("x", *[hub(f"h{n}", **dict(list(NAMES.items())[:1000])) for n in range(50)]),
        hub("x", cam=1) | {"ages": {name: {"shown": 1.5} for name in NAMES}},
    ],
    ids=["viewers", "hubs", "channels", "bytes", "ages"],
)
def test_what_strangers_report_can_be_passed_on(said: dict[str, Any]) -> None:
    report = parse_report(said | {"clock": 1})
    viewers = {name: count + 5 for name, count in report.viewers.items()}
    more = pruned([report.describe()], frozenset({"edge"}))
    ours = {"node": "n" * 64, **reported(viewers, report.ages, more), "clock": (1 << 63) - 1}
    text = json.dumps(ours)
    assert len(text) < MAX_REPORT_BYTES
    assert parse_report(json.loads(text)).node == "n" * 64
    if len(viewers) == 1:
        assert parse_report(ours).viewers == {"cam": min(viewers["cam"], MAX_VIEWERS - 1)}


def test_those_that_are_watched_most_and_small_hubs_are_told_first() -> None:
    large = hub("large", **NAMES)
    said = reported(NAMES, {}, [large, hub("small")])
    assert said["hubs"] in ([], [hub("small")])
    assert max(NAMES, key=lambda name: NAMES[name]) in said["viewers"]
    assert reported({}, {}, [large, hub("small")])["hubs"] == [hub("small")]


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
    deep = pruned([told(chain(50))], frozenset({"us"}))
    assert parse_report(hub("us", *deep) | {"clock": 1}).hubs == deep
