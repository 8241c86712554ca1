"""Guard: nobody gets anything without a right to it, except where a route says that it is public.

A route that says nothing needs the right to view the channel in its URL, or all channels where
there is none. On a hub that is not private everybody has the right to view.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from televise.errors import (
    Forbidden,
    InputError,
    TeleviseError,
    TooManyTries,
    Unauthorized,
    Unavailable,
    WrongSecret,
)
from televise.formats.websocket import NOT_UNDERSTOOD, TRY_LATER
from televise.web.envelope import SUBPROTOCOL
from televise.web.share import CERTIFIED, OWN_PROCESS
from televise.web.sockets import is_websocket, reason_of, upgrade
from televise.web.trust.access import Access, access_of, set_access
from televise.web.trust.keys import ALL, Grant, Keys, bearer_of, token_of
from televise.web.trust.suspects import Suspects

# Who asks for this subprotocol sends the key in the first message: {"token": "..."}.
KEY_PROTOCOL = "televise.key"
KEY_SECONDS = 10.0
COOKIE = "televise-"
MAX_COOKIES = 16
# What browsers may do with a cookie, and everybody on a hub that is not private.
LOOKING = ("view", "know")

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Need:
    """What a route needs. ``some``: the right to any channel will do, the handler looks which."""

    can: str = "view"
    some: bool = False
    public: bool = False


_ATTRIBUTE = "televise_need"


def public(handler: _Handler) -> _Handler:
    """This route is for everybody, or looks at the key itself."""
    setattr(handler, _ATTRIBUTE, Need(public=True))
    return handler


def needs(can: str, *, some: bool = False) -> Callable[[_Handler], _Handler]:
    """This route needs another right than to view, or that for ``some`` channel only."""

    def mark(handler: _Handler) -> _Handler:
        setattr(handler, _ATTRIBUTE, Need(can, some))
        return handler

    return mark


def need_of(request: web.Request, usual: Need = Need()) -> Need:
    """What the route of a request needs; ``usual`` where it says nothing."""
    need: Need = getattr(request.match_info.handler, _ATTRIBUTE, usual)
    return need


class Guard:
    """Checks the keys of all requests, on a hub that is ``private`` or not. ``link_certificate``:
    other hubs must also show one that our TLS has checked."""

    def __init__(
        self, keys: Keys, suspects: Suspects, *, private: bool, link_certificate: bool = False
    ) -> None:
        self._keys = keys
        self._suspects = suspects
        self.private = private
        self._link_certificate = link_certificate

    def middleware(self, usual: Need = Need()) -> Middleware:
        """The one that denies; ``usual`` is what routes need that say nothing."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            need = need_of(request, usual)
            if request.match_info.http_exception is not None:
                return await handler(request)
            if request.get(OWN_PROCESS):
                set_access(request, Access(need.can, to_all=True))
                return await handler(request)
            if self._brings_key_later(request, need):
                return await self._hear_key(request, need, handler)
            tokens = self._tokens(request, need)
            try:
                set_access(request, self._decide(request, need, tokens))
                response = await handler(request)
            except (Unauthorized, WrongSecret) as error:
                if tokens or isinstance(error, WrongSecret):
                    await self._suspects.wait(request.remote or "")
                raise
            self._remember(request, response)
            return response

        return guard

    def _remember(self, request: web.Request, response: web.StreamResponse) -> None:
        """Who came to a page by a link with a key may come back without, and so may all that the
        page shows."""
        access = access_of(request)
        if response.content_type != "text/html" or not request.query.get("token"):
            return
        for grant in access.grants if access.can == "view" else ():
            response.set_cookie(
                f"{COOKIE}{grant.channel}",
                self._keys.session(grant),
                expires=_date(grant.until),
                # That of the page, which may lie below another server's path.
                path="",
                secure=request.secure,
                httponly=True,
                samesite="Lax",
            )

    def _decide(self, request: web.Request, need: Need, tokens: list[str]) -> Access:
        """Unauthorized, Forbidden."""
        if need.can == "relay" and self._link_certificate and not _certificate(request):
            raise Forbidden("a hub must show its certificate here: see --upstream-cert")
        free = need.can in LOOKING or (need.can == "relay" and not tokens)
        if need.public or (free and not self.private):
            return Access(need.can, to_all=True, blind=self.private)
        return self._check(request, need, tokens)

    def _check(self, request: web.Request, need: Need, tokens: list[str]) -> Access:
        """What the first that is good enough allows; where some will do, what all do."""
        grants: list[Grant] = []
        problem: TeleviseError | None = None
        for token in tokens or [""]:
            try:
                grants.append(self._check_one(request, need, token))
            except (Unauthorized, Forbidden) as error:
                problem = problem or error
            if grants and not need.some:
                break
        if problem is not None and not grants:
            raise problem
        return Access(need.can, tuple(grants))

    def _check_one(self, request: web.Request, need: Need, token: str) -> Grant:
        if need.some:
            return self._keys.check_right(token, need.can)
        return self._keys.check(token, request.match_info.get("name", ALL), need.can)

    def _tokens(self, request: web.Request, need: Need) -> list[str]:
        """What the request has brought; a cookie is for looking only, as browsers send it
        unasked, and what changes something needs a header."""
        token = bearer_of(request) if need.can == "admin" else token_of(request)
        tokens = [token] if token else []
        return [*tokens, *_cookies(request)] if need.can in LOOKING else tokens

    def _brings_key_later(self, request: web.Request, need: Need) -> bool:
        asked = request.headers.get("Sec-WebSocket-Protocol", "")
        names = [name.strip() for name in asked.split(",")]
        return need.can in LOOKING and is_websocket(request) and KEY_PROTOCOL in names

    async def _hear_key(
        self, request: web.Request, need: Need, handler: Handler
    ) -> web.StreamResponse:
        """Open the WebSocket, hear the key on it, and only then answer what is asked for."""
        asked = request.headers.get("Sec-WebSocket-Protocol", "")
        websocket = await upgrade(request, [SUBPROTOCOL if SUBPROTOCOL in asked else KEY_PROTOCOL])
        try:
            async with asyncio.timeout(KEY_SECONDS):  # pings before it give nobody more time
                token = _parse_key(await websocket.receive())
            set_access(request, self._decide(request, need, [token]))
            await handler(request)
        except TimeoutError:
            await websocket.close(code=NOT_UNDERSTOOD, message=b"no key came")
        except TeleviseError as error:
            told = await self._waited(request, error)
            code = TRY_LATER if isinstance(told, Unavailable | TooManyTries) else NOT_UNDERSTOOD
            await websocket.close(code=code, message=reason_of(str(told)))
        else:
            await websocket.close()
        return websocket

    async def _waited(self, request: web.Request, error: TeleviseError) -> TeleviseError:
        """The error to tell, after as long as one with a wrong key has to wait."""
        try:
            if isinstance(error, Unauthorized):
                await self._suspects.wait(request.remote or "")
        except TooManyTries as more:
            return more
        return error


def _parse_key(message: aiohttp.WSMessage) -> str:
    """The token of ``{"token": "..."}``. InputError."""
    try:
        if message.type != aiohttp.WSMsgType.TEXT:
            raise ValueError
        return str(json.loads(message.data)["token"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise InputError('the first message must be the key: {"token": "..."}') from None


def _cookies(request: web.Request) -> Iterator[str]:
    found = [value for name, value in request.cookies.items() if name.startswith(COOKIE)]
    return iter(found[:MAX_COOKIES])


def _certificate(request: web.Request) -> bool:
    """Whether the other side has shown one; what is shown has been checked."""
    return bool(request.get_extra_info("peercert") or request.get(CERTIFIED))


def _date(seconds: int) -> str:
    from email.utils import formatdate

    return formatdate(seconds, usegmt=True)
