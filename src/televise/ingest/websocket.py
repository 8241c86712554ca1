"""Publishing by WebSocket: media in binary messages, as a browser's MediaRecorder makes them.

The URLs are those that are watched; who comes with a key for publishing, publishes.
"""

import contextlib

import aiohttp
from aiohttp import WebSocketError, WSCloseCode, web
from aiohttp.typedefs import Handler, Middleware

from televise import events
from televise.errors import (
    Busy,
    Forbidden,
    TeleviseError,
    TooManyTries,
    Unauthorized,
    Unavailable,
    Unsupported,
)
from televise.formats.websocket import NORMAL, NOT_UNDERSTOOD, TRY_LATER, UNSUPPORTED
from televise.hub.publishing import Publishing
from televise.ingest.http import FORMATS, take_seat
from televise.ingest.refusal import is_seated, tell_refusal
from televise.model import refusals
from televise.web.envelope import SUBPROTOCOL
from televise.web.receive import until_end
from televise.web.seats import Seats
from televise.web.sockets import Masked, is_websocket, reason_of
from televise.web.trust.keys import token_of
from televise.web.trust.suspects import Suspects

PING_SECONDS = 10.0
_CODES: tuple[tuple[type[TeleviseError], int], ...] = (
    (Busy, TRY_LATER),
    (Unavailable, TRY_LATER),
    (Unsupported, UNSUPPORTED),
)


def middleware(seats: Seats, suspects: Suspects) -> Middleware:
    """Answers WebSockets that publish, and leaves all other requests to the outputs."""

    @web.middleware
    async def publishing(request: web.Request, handler: Handler) -> web.StreamResponse:
        if publishes(request, seats):
            return await _answer(request, seats, suspects)
        return await handler(request)

    return publishing


def publishes(request: web.Request, seats: Seats) -> bool:
    """Whether this is the beginning of a WebSocket that publishes."""
    if not is_websocket(request) or not token_of(request):
        return False
    if SUBPROTOCOL in request.headers.get("Sec-WebSocket-Protocol", ""):
        return False  # that is a viewer, whatever its key allows
    name, extension = _split(request)
    known = bool(name) and "/" not in name and extension in FORMATS
    return known and seats.is_for_publishing(name, token_of(request))


def _split(request: web.Request) -> tuple[str, str]:
    """Name and extension; a channel may be published in formats in which it is not watched."""
    name, _, extension = request.path[1:].rpartition(".")
    return name, extension


async def _answer(request: web.Request, seats: Seats, suspects: Suspects) -> web.StreamResponse:
    """Pages are told of a refusal by a close code: they cannot see a status."""
    most = seats.sizes.message  # aiohttp refuses what has as much as its limit
    websocket = Masked(compress=False, max_msg_size=most + 1, heartbeat=PING_SECONDS)
    await websocket.prepare(request)
    name, extension = _split(request)
    try:
        publishing = take_seat(seats, request, name, FORMATS[extension])
    except (Unauthorized, Forbidden) as error:
        await _let_wait(suspects, request)
        await send_away(request, websocket, error)
        return websocket
    except TeleviseError as error:
        await send_away(request, websocket, error)
        return websocket
    try:
        await until_end(_copy(websocket, publishing, most), publishing.closed)
        if publishing.problem is not None:
            await send_away(request, websocket, publishing.problem)
        else:
            await websocket.close(code=NORMAL)
    finally:
        publishing.close()
    return websocket


async def _let_wait(suspects: Suspects, request: web.Request) -> None:
    with contextlib.suppress(TooManyTries):
        await suspects.wait(request.remote or "")


async def _copy(websocket: web.WebSocketResponse, publishing: Publishing, most: int) -> None:
    async for message in websocket:
        if message.type == aiohttp.WSMsgType.BINARY:
            publishing.write(message.data)
            await publishing.writable.wait()
        elif message.type == aiohttp.WSMsgType.TEXT:
            publishing.send_away("only binary messages, which are media, are understood here")
        elif isinstance(message.data, WebSocketError):
            publishing.send_away(broken(message.data, most))


def broken(error: WebSocketError, most: int) -> str:
    """What is wrong with a message that has closed the WebSocket already; it may have ``most``
    bytes."""
    if error.code == WSCloseCode.MESSAGE_TOO_BIG:
        refusals.counts["message_megabytes"] += 1
        return f"a message may have {most} bytes: send smaller ones"
    if error.code == WSCloseCode.POLICY_VIOLATION:
        return str(error)
    return f"this is no WebSocket message: {error}"


async def send_away(
    request: web.Request, websocket: web.WebSocketResponse, error: TeleviseError
) -> None:
    """Close, and say why."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), NOT_UNDERSTOOD)
    if is_seated(request):
        events.info("publisher sent away", stream=request.path, reason=str(error))
    else:
        tell_refusal(request, error)
    await websocket.close(code=code, message=reason_of(str(error)))
