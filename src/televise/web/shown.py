"""Shown: what a player says of the pictures that it shows."""

from dataclasses import dataclass
from typing import Any

from televise.web.message import number_of, text_of

MAX_RUNG = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """How it plays; how old the picture on screen is, and how many there are in a second; how often
    it ran dry or stood still since its report before."""

    rung: str
    age_ms: float
    fps: float
    stalls: float


def parse_shown(report: dict[str, Any]) -> Shown:
    """As a stranger says. FormatError where that cannot be."""
    rung = text_of(report, "rung")[:MAX_RUNG]
    return Shown(rung, *(number_of(report, name) for name in ("age_ms", "fps", "stalls")))
