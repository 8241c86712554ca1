"""Names of channels: what may stand in a URL, and nothing that a route needs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from televise.errors import InputError
from televise.model.name import RESERVED, check_name, derive_name


@pytest.mark.parametrize("name", ["a", "front-door", "cam_2", "-", "7", "A" * 64, "API"])
def test_good_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "a b", "a/b", "..", "a.mp4", "a%2fb", "A" * 65, "café", "cam\n", "\n", "a\0", "٣", "<b>"],
)
def test_bad_names(name: str) -> None:
    with pytest.raises(InputError) as caught:
        check_name(name)
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_names(name: str) -> None:
    with pytest.raises(InputError, match=f"{name}.*reserved.*{name}-1"):
        check_name(name)


@given(st.text())
def test_only_names_that_are_one_word_of_ascii_pass(text: str) -> None:
    good = re.fullmatch(r"[A-Za-z0-9_\-]{1,64}", text, re.ASCII) and text not in RESERVED
    try:
        check_name(text)
    except InputError:
        assert not good
    else:
        assert good


@given(st.text(max_size=200) | st.sampled_from([f"-{name}." for name in sorted(RESERVED)]))
def test_any_text_gives_a_good_name(text: str) -> None:
    name = derive_name(text)
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("front-door", "front-door"),
        ("my holiday (2)", "my-holiday-2"),
        ("Zürich", "Z-rich"),
        ("_/_", "channel"),
        ("", "channel"),
        ("metrics", "metrics-1"),
        ("[api]", "api-1"),
        ("x" * 100, "x" * 64),
    ],
)
def test_derived_names(text: str, name: str) -> None:
    assert derive_name(text) == name
