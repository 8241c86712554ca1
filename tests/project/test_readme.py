"""What the documents promise is there: make targets, commands, files, headings."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from televise.cli import build_parser
from tests.conftest import ROOT

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "player/*.md", "examples/**/*.md", "bench/**/*.md")
    for path in ROOT.glob(pattern)
)
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
# [text](target) and ![text](target), not in code.
LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
CODE = re.compile(r"^(```|~~~).*?^\1|^(?: {4}|\t).*?$|`[^`\n]+`", re.DOTALL | re.MULTILINE)

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)


def test_there_is_a_readme() -> None:
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md"} <= set(NAMES)


@every_document
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = set(_commands(document, "make"))
    assert used - targets == set()


@every_document
def test_televise_commands_exist(document: Path) -> None:
    subparsers = next(action for action in build_parser()._actions if action.choices)
    assert subparsers.choices
    used = set(_commands(document, "televise"))
    assert used - set(subparsers.choices) == set()


@every_document
def test_links_into_the_repository_resolve(document: Path) -> None:
    broken = [link for link in _links(document) if not _resolves(document, link)]
    assert broken == []


def _commands(document: Path, program: str) -> Iterator[str]:
    """The first argument of each call of a program, in the document's code."""
    for code in CODE.finditer(document.read_text()):
        yield from re.findall(rf"^[`\s$]*{program} ([a-z-]+)", code[0], re.MULTILINE)


def _links(document: Path) -> Iterator[str]:
    for link in LINK.findall(CODE.sub("", document.read_text())):
        if not re.match(r"[a-z]+:", link):
            yield link


def _resolves(document: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (document.parent / unquote(name)).resolve() if name else document
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or target.suffix != ".md" or anchor in _anchors(target)


def _anchors(document: Path) -> set[str]:
    """The names that GitHub gives to a document's headings."""
    text = re.sub(r"^(```|~~~).*?^\1", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#{1,6} +(.*?) *#*$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}
