"""Orphans: there are none where child processes end with the one that started them."""

import ctypes
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Found here: between fork and exec, beside other threads, nothing may be allocated.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def ending_with_parent(number: int) -> Callable[[], None] | None:
    """The ``preexec_fn`` of a process that gets signal ``number`` when this one ends, by whatever
    way (prctl(2)); None where there is no such thing."""
    prctl = _PRCTL
    if prctl is None:
        return None

    def end_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, number)

    return end_with_parent
