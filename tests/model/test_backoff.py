"""Waits that double within their limits; a breaker that counts within its window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.model.backoff import Backoff, Breaker

JITTER = st.floats(0, 1)


def test_doubles_up_to_the_limit() -> None:
    backoff = Backoff(0.25, 5.0)
    assert [backoff.next(0.5) for _ in range(7)] == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


def test_begins_anew_after_a_success() -> None:
    backoff = Backoff(0.25, 5.0)
    for _ in range(4):
        backoff.next(0.5)
    backoff.reset()
    assert [backoff.next(0.5), backoff.next(0.5)] == [0.25, 0.5]


@given(st.floats(0.01, 1), st.floats(1, 100), st.lists(JITTER, max_size=20))
def test_jitter_is_a_quarter_to_both_sides(least: float, most: float, jitters: list[float]) -> None:
    backoff = Backoff(least, most)
    for number, jitter in enumerate(jitters):
        plain = min(least * 2**number, most)
        assert backoff.next(jitter) == pytest.approx(plain * (0.75 + jitter / 2))


@given(
    st.integers(1, 5),
    st.floats(0.5, 60),
    st.lists(st.sampled_from([0.0, 0.1, 1.0, 20.0, 60.0]), max_size=30),
)
def test_breaks_where_so_many_failures_lie_within_the_window(
    count: int, seconds: float, gaps: list[float]
) -> None:
    breaker, now, failures = Breaker(count, seconds), 100.0, []
    for gap in gaps:
        now += gap
        failures.append(now)
        recent = [at for at in failures if now - at < seconds]
        assert breaker.fail(now) == (len(recent) >= count)


def test_slow_failures_never_break() -> None:
    breaker = Breaker(5, 60.0)
    assert not any(breaker.fail(number * 15.0) for number in range(100))


def test_fast_failures_break_at_the_last_one_allowed() -> None:
    breaker = Breaker(5, 60.0)
    assert [breaker.fail(number * 14.9) for number in range(6)] == [False] * 4 + [True] * 2
