"""Descriptors: as many as a crowd needs."""

import contextlib
import resource
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def allowing(count: int) -> Iterator[None]:
    """So many may be open in this process, and in those that it starts; where that cannot be, the
    test is skipped."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"only {hard} descriptors are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
