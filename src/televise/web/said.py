"""Said: what a client says on its WebSocket, and how it is sent away for that."""

import time

import aiohttp
from aiohttp import web

from televise import events
from televise.errors import FormatError
from televise.formats.websocket import UNSUPPORTED
from televise.web.limits import Allowance
from televise.web.sockets import WebSocket, reason_of

ONLY_TEXT, TOO_MANY = "only text is understood", "too many messages: ten a second are enough"


class Said:
    """The texts of a client, until it goes or is sent away; FormatError where they are more than
    ``at_once``, and ten a second after that."""

    def __init__(self, request: web.Request, websocket: WebSocket, at_once: int) -> None:
        self._request = request
        self._websocket = websocket
        self._allowance = Allowance(burst=at_once)

    def __aiter__(self) -> "Said":
        return self

    async def __anext__(self) -> str:
        async for message in self._websocket:
            if message.type == aiohttp.WSMsgType.ERROR:
                note_sent_away(self._request, str(message.data))  # aiohttp has closed it
            elif not self._allowance.take(time.monotonic()):
                raise FormatError(TOO_MANY)
            elif message.type == aiohttp.WSMsgType.TEXT:
                return str(message.data)
            else:
                await send_away(self._request, self._websocket, UNSUPPORTED, ONLY_TEXT)
        raise StopAsyncIteration


async def send_away(
    request: web.Request, websocket: web.WebSocketResponse, code: int, reason: str
) -> None:
    """Close with this code, and say why in the log."""
    note_sent_away(request, reason)
    await websocket.close(code=code, message=reason_of(reason))


def note_sent_away(request: web.Request, reason: str) -> None:
    """The log has one line for each that was closed for what it said."""
    events.info("viewer sent away", stream=request.path, reason=reason)
