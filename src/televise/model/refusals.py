"""Refusals: how often each limit has turned somebody away from this process."""

from collections import Counter

from televise.errors import LimitReached

counts: Counter[str] = Counter()


def refuse(limit: str, text: str) -> LimitReached:
    """The error to raise where ``limit`` is reached; ``text`` says which it is, and what to do."""
    counts[limit] += 1
    return LimitReached(text)
