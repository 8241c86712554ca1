"""The other hub's clock: what can be known of it, and no more."""

from hypothesis import given
from hypothesis import strategies as st

from televise.hub.relays.clock import KEPT, Clock

MILLISECOND = 1_000_000


def ask(clock: Clock, now: int, *, offset: int, there: int, back: int) -> None:
    """An exchange with a clock that ours is later than by ``offset``."""
    clock.answered(now, now + there - offset, now + there + back)


def test_before_any_answer_nothing_is_known() -> None:
    assert (Clock().offset, Clock().delay_seconds) == (0, None)


def test_the_quickest_answer_counts() -> None:
    clock = Clock()
    ask(clock, 10**18, offset=50 * MILLISECOND, there=40 * MILLISECOND, back=0)
    ask(clock, 10**18, offset=50 * MILLISECOND, there=MILLISECOND, back=MILLISECOND)
    ask(clock, 10**18, offset=50 * MILLISECOND, there=0, back=40 * MILLISECOND)
    assert clock.offset == 50 * MILLISECOND
    assert clock.delay_seconds == 0.002


def test_what_cannot_be_told_from_nothing_is_nothing() -> None:
    clock = Clock()
    ask(clock, 10**18, offset=MILLISECOND, there=3 * MILLISECOND, back=MILLISECOND)
    assert clock.offset == 0


def test_a_clock_that_is_set_is_believed_at_once() -> None:
    clock = Clock()
    for _ in range(KEPT):
        ask(clock, 10**18, offset=0, there=1000, back=1000)
    ask(clock, 10**18, offset=3600 * 10**9, there=MILLISECOND, back=MILLISECOND)
    assert clock.offset == 3600 * 10**9


def test_an_answer_before_the_question_says_nothing() -> None:
    clock = Clock()
    clock.answered(10**18, 10**18, 10**18 - 1)
    assert clock.delay_seconds is None


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=20),
)
def test_it_is_wrong_by_half_the_delay_at_most(offset: int, delays: list[tuple[int, int]]) -> None:
    clock = Clock()
    for there, back in delays:
        ask(clock, 10**18, offset=offset, there=there, back=back)
    assert clock.delay_seconds is not None
    assert abs(clock.offset - offset) <= clock.delay_seconds * 1e9 + 2
