"""Tables, in Markdown."""

from collections.abc import Sequence
from typing import Any

Rows = list[dict[str, Any]]


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """One line for each of ``rows``, below ``heads``."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"


def section(title: str, *parts: str) -> str:
    """A title, and paragraphs below it."""
    return "\n".join([f"## {title}\n", *parts])
