"""Ticks and seconds agree with arithmetic with fractions."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from televise.model.ticks import to_seconds, to_ticks

BASES = st.fractions(Fraction(1, 10**9), Fraction(10), max_denominator=10**9).filter(bool)


@given(st.integers(-(2**62), 2**62), BASES)
def test_seconds_are_those_of_the_fraction(ticks: int, base: Fraction) -> None:
    assert to_seconds(ticks, base) == float(ticks * base)


@given(st.integers(-(10**9), 10**9), st.integers(1, 90_000))
def test_there_and_back(ticks: int, rate: int) -> None:
    base = Fraction(1, rate)
    assert to_ticks(to_seconds(ticks, base), base) == ticks
