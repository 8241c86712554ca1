"""Ticks of a clock whose period is a fraction of a second, as media files count time."""

from fractions import Fraction


def to_seconds(ticks: int, base: Fraction) -> float:
    """The float next to ``ticks * base``, without the cost of arithmetic with fractions."""
    return ticks * base.numerator / base.denominator


def to_ticks(seconds: float, base: Fraction) -> int:
    """The tick next to ``seconds``."""
    return round(seconds * base.denominator / base.numerator)
