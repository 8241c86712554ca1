"""Home: where a channel lives, and what it needs of that."""

from collections.abc import Callable
from typing import Any, Protocol

from televise.program.background import Background
from televise.program.input import Click, Key


class Home(Protocol):
    """What a channel needs of its server."""

    background: Background

    def check(self) -> None:
        """Unavailable where nothing can be shown any more."""

    def url_of(self, name: str) -> str:
        """The page of a channel."""

    def stream_of(self, name: str) -> str:
        """The address of a channel's pictures, for a page that shows them."""

    def viewers_of(self, name: str) -> int:
        """How many watch a channel. Unavailable where only somebody else knows."""

    def call(self, function: Callable[[Any], object], event: Click | Key) -> None:
        """Call a function of the program, in its turn."""

    def listen(self, name: str) -> None:
        """What viewers of a channel do is wanted. Unavailable where it does not come here."""

    def remove(self, name: str) -> None:
        """End a channel."""
