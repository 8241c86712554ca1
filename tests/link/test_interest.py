"""What hubs say to each other over NATS is what was said, or it is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import FormatError
from televise.link.interest import MAX_BYTES, Interest, answer, parse_answer, parse_interest
from televise.model.rendition import Rendition
from tests.link.strategies import RENDITIONS

CLOCKS = st.integers(1, 2**63 - 1)
SECONDS = st.floats(0, 1e6)
SAID = st.builds(
    Interest,
    want=st.sampled_from(["join", "keep", "leave", "look"]),
    rendition=RENDITIONS,
    node=st.from_regex(r"[A-Za-z0-9]{1,64}", fullmatch=True),
    clock=CLOCKS,
    ago=SECONDS,
    length=SECONDS,
    report=st.dictionaries(st.text(max_size=3), st.integers() | st.lists(st.booleans())),
)
GOOD = json.loads(Interest("join", Rendition("h264"), "a1", 5).to_bytes())


@given(SAID)
def test_interest_is_read_as_it_was_said(interest: Interest) -> None:
    assert parse_interest(interest.to_bytes()) == interest


@given(CLOCKS, CLOCKS)
def test_answers_too(clock: int, ours: int) -> None:
    assert parse_answer(answer(clock, ours)) == (clock, ours)


@pytest.mark.parametrize(
    "change",
    [
        {"want": "all"},
        {"want": ["join"]},
        {"node": ""},
        {"node": "a.b"},
        {"node": "ä"},
        {"node": "a" * 65},
        {"node": 5},
        {"clock": -1},
        {"clock": 1 << 63},
        {"clock": True},
        {"clock": 1.5},
        {"ago": -1},
        {"ago": "1"},
        {"ago": 10**400},
        {"length": float("inf")},
        {"length": float("nan")},
        {"report": []},
        {"rendition": {"video": "vp9"}},
        {"rendition": None},
        {"rendition": {"video": "h264", "w": 1.5}},
        {"more": 1},
    ],
)
def test_what_is_no_interest(change: dict[str, Any]) -> None:
    parse_interest(json.dumps(GOOD).encode())
    with pytest.raises(FormatError):
        parse_interest(json.dumps(GOOD | change).encode())


@pytest.mark.parametrize("key", ["want", "rendition", "node", "clock"])
def test_nothing_may_be_left_out(key: str) -> None:
    with pytest.raises(FormatError):
        parse_interest(json.dumps({k: v for k, v in GOOD.items() if k != key}).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"5", b"{", b"\xff", b"[" * 9000, b" " * MAX_BYTES])
def test_what_is_no_object(data: bytes) -> None:
    for parse in (parse_interest, parse_answer):
        with pytest.raises(FormatError):
            parse(data)


def test_more_than_anybody_says_is_not_looked_at() -> None:
    large = json.dumps(GOOD | {"report": {"viewers": "x" * MAX_BYTES}}).encode()
    with pytest.raises(FormatError, match="of a few values"):
        parse_interest(large)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes(data: bytes) -> None:
    for parse in (parse_interest, parse_answer):
        try:
            parse(data)
        except FormatError:
            continue
