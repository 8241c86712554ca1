"""The page of threats names tests that there are, for every attack and every fault."""

import re
from functools import cache

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "design" / "threats.md").read_text()
ATTACKS, FAULTS = PAGE.split("\n## Faults\n")
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows(text: str) -> list[list[str]]:
    """The cells of a table, without its head."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in cells] for cells in lines if "proven by" not in cells[-1]]


def test_every_attack_has_its_row() -> None:
    assert [row[0] for row in rows(ATTACKS)] == [f"T{number}" for number in range(1, 26)]
    assert len(rows(FAULTS)) == 21


@pytest.mark.parametrize("row", rows(PAGE), ids=lambda row: row[0] or row[1])
def test_it_is_proven_by_tests_that_there_are(row: list[str]) -> None:
    named = TEST.findall(row[-1])
    assert named or row[-1] == "no test"
    assert [f"{file}::{name}" for file, name in named if name not in names_in(file)] == []


@cache
def names_in(file: str) -> set[str]:
    """The functions and classes of a file of tests."""
    text = (ROOT / "tests" / file).read_text()
    return set(re.findall(r"^(?:async def |def |class )?(\w+)(?:\(| = )", text, re.M))
