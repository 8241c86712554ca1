"""Where keys stand, as a reader of the file would count."""

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from televise.config.lines import line_of, lines

TEXT = '''\
# a comment, with [brackets] = "in it"
host = "127.0.0.1"

origins = [
    "https://a.example",  # one
    "]",
]
long = """
[not.a.table]
port = 1
"""
[channels]
door = { source = "pattern:", replay = "60s" }

[channels."front door"]
source = 'a # b'
  [ nodes . "edge" ] # spaces
channels.cam = "pattern:"
empty = {}
'''

PLACES = {
    ("host",): 2,
    ("origins",): 4,
    ("long",): 8,
    ("channels",): 12,
    ("channels", "door"): 13,
    ("channels", "door", "replay"): 13,
    ("channels", "front door"): 15,
    ("channels", "front door", "source"): 16,
    ("nodes",): 17,
    ("nodes", "edge"): 17,
    ("nodes", "edge", "channels", "cam"): 18,
    ("nodes", "edge", "empty"): 19,
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_each_key_has_its_line(newline: str) -> None:
    text = TEXT.replace("\n", newline)
    assert {path: line_of(text, path) for path in PLACES} == PLACES
    assert ("port",) not in lines(text), "what is in a text is no key"


def test_what_is_not_there_is_where_it_should_be() -> None:
    assert line_of(TEXT, ("channels", "door", "fps")) == 13
    assert line_of(TEXT, ("nodes", "edge", "port")) == 17
    assert line_of(TEXT, ("colour",)) == 1
    assert line_of("", ("colour", "red")) == 1


names = st.text("ab", min_size=1, max_size=2)
scalars = st.sampled_from(["1", '"x = 1"', "'[a]'", "[\n1,\n2\n]", '"""\n[b]\na = 1\n"""', "{}"])


tables = st.dictionaries(names, scalars, max_size=3)


@given(st.lists(st.tuples(names, tables), max_size=3, unique_by=lambda each: each[0]))
@settings(max_examples=50)
def test_every_file_that_can_be_read(written: list[tuple[str, dict[str, str]]]) -> None:
    """A line that is found begins with its key, and every key is found."""
    text = "".join(
        f"\n[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in table.items())
        for name, table in written
    )
    found = lines(text)
    assert set(found) == set(paths(tomllib.loads(text)))
    for path, number in found.items():
        line = text.split("\n")[number - 1]
        assert line.startswith(f"[{path[0]}]" if len(path) == 1 else f"{path[-1]} = ")


def paths(values: dict[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, value in values.items():
        found.append((*above, key))
        if isinstance(value, dict):
            found += paths(value, (*above, key))
    return found
