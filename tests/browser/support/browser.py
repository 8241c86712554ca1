"""What every browser can do here."""

import asyncio
import time
from abc import ABC, abstractmethod
from typing import Any, Self

_POLL_SECONDS = 0.05


class Page(ABC):
    """One tab."""

    def __init__(self) -> None:
        # What the page wrote to its console, and its uncaught errors: "level: text".
        self.console: list[str] = []

    @abstractmethod
    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, as JSON; a promise is awaited.

        It works in a page whose own JavaScript is off too, but there nothing can be awaited.
        """

    @abstractmethod
    async def screenshot(self) -> bytes:
        """What the tab shows, as PNG."""

    @abstractmethod
    async def close(self) -> None:
        """Close the tab."""

    async def until(self, expression: str, timeout_seconds: float = 20) -> Any:
        """Ask again and again until the expression is truthy, and return its value."""
        end = time.monotonic() + timeout_seconds
        while not (value := await self.evaluate(expression)):
            if time.monotonic() > end:
                console = "\n  ".join(self.console) or "(empty)"
                raise AssertionError(
                    f"not true within {timeout_seconds} s: {expression}\n"
                    f"last value: {value!r}\nconsole:\n  {console}"
                )
            await asyncio.sleep(_POLL_SECONDS)
        return value


class Browser(ABC):
    """A browser; ``async with`` closes all pages that were opened in it."""

    def __init__(self, program: str) -> None:
        self.program = program

    @abstractmethod
    async def open(self, url: str, javascript: bool = True) -> Page:
        """Open a tab; returns when its HTML is parsed, whatever still loads."""

    @abstractmethod
    async def close(self) -> None:
        """Close its pages."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
