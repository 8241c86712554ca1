"""Accounts: what became of everything that was made for one viewer over HTTP.

Over WebSocket a viewer asks on its own connection. Who watches over HTTP cannot: it gives itself an
identifier in the header ``X-Televise-Viewer``, which nobody else can guess, and asks with that on
another connection.
"""

import contextlib
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from aiohttp import web

from televise.errors import InputError, UnknownChannel
from televise.web.trust.access import access_of
from televise.web.trust.guard import needs
from televise.web.viewer import Viewer

HEADER = "X-Televise-Viewer"
PATH = "/api/viewers/{viewer}"
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{16,64}")


def identifier_of(request: web.Request) -> str:
    """What a viewer calls itself, '' where it does not. InputError."""
    given = request.headers.get(HEADER, "")
    if given and not _IDENTIFIER.fullmatch(given):
        raise InputError(f"{HEADER}: 16 to 64 letters, digits, '_' or '-', at random")
    return given


class Accounts:
    """Of those that are here now. ``elsewhere`` asks the fan-out processes, where there are."""

    def __init__(self) -> None:
        self.elsewhere: Callable[[str], Awaitable[dict[str, Any] | None]] = _nowhere
        self._viewers: dict[str, Viewer] = {}

    @contextlib.contextmanager
    def kept(self, identifier: str, viewer: Viewer) -> Iterator[None]:
        """It can be asked for while the block runs."""
        if not identifier:
            yield
            return
        self._viewers[identifier] = viewer
        try:
            yield
        finally:
            if self._viewers.get(identifier) is viewer:
                del self._viewers[identifier]

    def find(self, identifier: str) -> dict[str, Any] | None:
        """That of one that is here, as JSON values."""
        viewer = self._viewers.get(identifier)
        return None if viewer is None else viewer.account()

    def routes(self) -> list[web.RouteDef]:
        """What this answers."""
        return [web.get(PATH, self._answer)]

    @needs("view", some=True)
    async def _answer(self, request: web.Request) -> web.Response:
        identifier = request.match_info["viewer"]
        # No other process is asked for what nobody can be called.
        is_one = _IDENTIFIER.fullmatch(identifier)
        account = self.find(identifier) or (await self.elsewhere(identifier) if is_one else None)
        if account is None:
            raise UnknownChannel("nobody watches here who calls itself that")
        access_of(request).check(account["channel"])
        return web.json_response(account, headers={"Cache-Control": "no-store"})


async def _nowhere(identifier: str) -> None:
    """There are no other processes."""
