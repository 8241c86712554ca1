"""Edge: how viewers are answered, over HTTP without end and over WebSocket."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
from aiohttp import web

from televise.errors import FormatError, PeerError, TeleviseError, Unavailable
from televise.formats.websocket import NOT_UNDERSTOOD, TRY_LATER, UNSUPPORTED
from televise.hub.channel import Channel
from televise.hub.hub import Hub
from televise.model.rendition import Rendition
from televise.web import envelope
from televise.web.accounts import Accounts, identifier_of
from televise.web.audience import Audience
from televise.web.dialogue import Dialogue, Wish
from televise.web.forms import Forms, Way
from televise.web.limits import Admission, Allowance
from televise.web.message import number_of, parse_message
from televise.web.said import ONLY_TEXT, TOO_MANY, Said, note_sent_away, send_away
from televise.web.seats import Seats
from televise.web.sockets import WebSocket, is_websocket, upgrade
from televise.web.viewer import Viewer

# How long an answer waits for the source to say whether it can be made at all.
BEGIN_SECONDS = 2.0
# How long a client may take to say what it wants, where it must say so.
WISH_SECONDS = 10.0


class EndlessResponse(web.StreamResponse):
    """Headers by aiohttp; the body is written by a pump and ends with the connection."""

    _length_check = False


class Edge(Audience):
    """Answers viewers, over HTTP without end and over WebSocket; ``seats`` are for publishers."""

    def __init__(self, hub: Hub, admission: Admission, version: str, seats: Seats) -> None:
        super().__init__(hub, admission, version, seats.visits)
        self.seats = seats
        self.sizes = seats.sizes
        self.accounts = Accounts()

    async def stream(
        self,
        request: web.Request,
        rendition: Rendition,
        max_latency: float,
        forms: Forms,
        burst: float = 0.0,
    ) -> web.StreamResponse:
        """Answer over HTTP or with a WebSocket, as the client wants it; of the channel in the
        URL, as `endless` and `socket`."""
        if is_websocket(request):
            return await self.socket(request, rendition, max_latency, forms, burst)
        return await self.endless(request, rendition, max_latency, forms.endless, burst=burst)

    async def endless(
        self,
        request: web.Request,
        rendition: Rendition,
        max_latency: float,
        way: Way,
        channel: Channel | None = None,
        burst: float = 0.0,
    ) -> web.StreamResponse:
        """Answer with a stream that ends when the viewer goes; of the channel in the URL, if
        there is no other."""
        channel = channel or self.hub.channel(request.match_info["name"])
        who = identifier_of(request)
        response = EndlessResponse(headers={**_stream_headers(way.content_type), **way.headers})
        response.force_close()
        if request.method == "HEAD":
            return response
        async with self.watching(request, channel, rendition) as encoding:
            await self.begun(encoding, BEGIN_SECONDS)
            if encoding.refusal:
                raise Unavailable(f"{channel.name}: {encoding.refusal}")
            await response.prepare(request)
            async with self.fed(request, channel, encoding, way.muxer, max_latency) as viewer:
                viewer.burst = burst
                viewer.start()
                with self.accounts.kept(who, viewer):
                    await viewer.closed
        return response

    async def socket(
        self,
        request: web.Request,
        rendition: Rendition,
        max_latency: float,
        forms: Forms,
        burst: float = 0.0,
    ) -> web.StreamResponse:
        """Answer with a WebSocket: media only, or with texts where ``televise.v1`` is asked."""
        channel = self.hub.channel(request.match_info["name"])
        async with self.watching(request, channel, rendition) as encoding:
            # Clients of jsmpeg ask for "null", and Chromium wants an answer.
            websocket = await upgrade(request, (envelope.SUBPROTOCOL, "null"))
            tells = websocket.ws_protocol == envelope.SUBPROTOCOL
            muxer = forms.told if tells else forms.bare
            async with self.fed(request, channel, encoding, muxer, max_latency) as viewer:
                websocket.viewer = viewer
                viewer.websocket, viewer.told, viewer.burst = True, tells, burst
                if tells:
                    viewer.tell(self.hello(channel), "hello")
                await self.begun(encoding, BEGIN_SECONDS)
                if encoding.refusal:
                    viewer.end(TRY_LATER, encoding.refusal)
                else:
                    viewer.start()
                await self._listen(request, websocket, viewer)
        return websocket

    async def converse(
        self, request: web.Request, channel: Channel, dialogue: Dialogue
    ) -> web.StreamResponse:
        """Answer with a WebSocket on which the client may have something to say."""
        async with self.admitted(request):
            websocket = await upgrade(request, dialogue.protocols, dialogue.max_bytes)
            said = Said(request, websocket, dialogue.max_at_once)
            try:
                async with asyncio.timeout(WISH_SECONDS):
                    wish = await dialogue.wish(websocket, said)
                if wish is not None:
                    await self._converse(request, websocket, channel, wish, dialogue, said)
            except TimeoutError:
                await send_away(request, websocket, NOT_UNDERSTOOD, "it did not say what it wants")
            except PeerError as error:
                await send_away(request, websocket, NOT_UNDERSTOOD, str(error))
            except TeleviseError as error:
                await send_away(request, websocket, TRY_LATER, str(error))
        return websocket

    async def _converse(
        self,
        request: web.Request,
        websocket: WebSocket,
        channel: Channel,
        wish: Wish,
        dialogue: Dialogue,
        said: Said,
    ) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.counted(request, channel))
            encoding = stack.enter_context(self.acquired(channel, wish.rendition))
            fed = self.fed(request, channel, encoding, wish.muxer, wish.max_latency)
            viewer = await stack.enter_async_context(fed)
            websocket.viewer = viewer
            viewer.websocket, viewer.pace, viewer.burst = True, dialogue.pace, wish.burst
            await self.begun(encoding, BEGIN_SECONDS)
            if encoding.refusal:
                raise Unavailable(encoding.refusal)
            viewer.start()
            async for text in said:
                dialogue.heard(text, viewer)

    async def _listen(self, request: web.Request, websocket: WebSocket, viewer: Viewer) -> None:
        """Hear the client until it goes; what one says that never asked for texts means nothing."""
        allowance = Allowance()
        async for message in websocket:
            if message.type == aiohttp.WSMsgType.ERROR:
                note_sent_away(request, str(message.data))  # aiohttp has closed it
            elif not allowance.take(time.monotonic()):
                await send_away(request, websocket, NOT_UNDERSTOOD, TOO_MANY)
            elif not viewer.told:
                continue
            elif message.type != aiohttp.WSMsgType.TEXT:
                await send_away(request, websocket, UNSUPPORTED, ONLY_TEXT)
            else:
                try:
                    self.heard(parse_message(message.data), viewer)
                except FormatError as error:
                    told = f"not a message of televise.v1: {error}"
                    await send_away(request, websocket, NOT_UNDERSTOOD, told)

    def heard(self, message: dict[str, Any], viewer: Viewer) -> None:
        """What every player may say: asking for the time or its ledger, and reports. FormatError
        where it is said wrongly."""
        if message["type"] == "clock":
            viewer.answer(envelope.clock(number_of(message, "client"), time.time() * 1000))
        elif message["type"] == "ledger":
            viewer.tell_ledger()
        elif message["type"] == "report":
            self.reported(viewer.channel, message)
        elif message["type"] in ("pointer", "key"):
            self.heard_input(viewer.channel, message)


def _stream_headers(content_type: str) -> dict[str, str]:
    """Nobody on the way may keep or hold back a part of it."""
    return {
        "Content-Type": content_type,
        "Cache-Control": "no-store, no-cache, must-revalidate, max-age=0, no-transform",
        "Pragma": "no-cache",
        "Expires": "Mon, 3 Jan 2000 12:34:56 GMT",
        "X-Accel-Buffering": "no",
    }
