"""Watchers: who watches what comes from another hub, as that hub is told of it."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

Viewers = Callable[[], dict[str, int]]
"""How many watch each channel, here and at all hubs below."""


class Watched(Protocol):
    """How old pictures are here."""

    def of(self, names: Iterable[str]) -> dict[str, dict[str, float]]:
        """Of these channels, in milliseconds: when they ``arrived``, and as they are ``shown``."""


class Watchers(Protocol):
    """Who watches here, and at all hubs below."""

    @property
    def ages(self) -> Watched:
        """How old the pictures are that they see."""

    def counts(self) -> dict[str, int]:
        """How many watch each channel."""

    def below(self) -> list[dict[str, Any]]:
        """What the hubs below report."""
