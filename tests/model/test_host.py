"""A host as people write it."""

import pytest

from televise.model.host import bare


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("localhost", "localhost"),
        ("", ""),
        ("[::1", "[::1"),
        ("::1]", "::1]"),
    ],
)
def test_brackets_are_those_of_a_url(typed: str, meant: str) -> None:
    assert bare(typed) == meant
