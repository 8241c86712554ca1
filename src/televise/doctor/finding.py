"""Finding: one thing that a check has seen, and what to do about it."""

from dataclasses import asdict, dataclass
from typing import Literal

Level = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``wrong`` wants the ``fix``; a ``note`` is worth knowing and may stay as it is."""

    level: Level
    text: str
    fix: str = ""
    check: str = ""

    def to_json(self) -> dict[str, str]:
        """All of it, for programs."""
        return asdict(self)


def ok(text: str) -> Finding:
    """All is well."""
    return Finding("ok", text)


def note(text: str, fix: str = "") -> Finding:
    """Worth knowing."""
    return Finding("note", text, fix)


def wrong(text: str, fix: str) -> Finding:
    """Something does not work."""
    return Finding("wrong", text, fix)
