"""Publishing by a link: ``/api/link/NAME/publish``. The publisher (`televise push`) connects, and
is then the provider of the channel as a worker is: only what is watched crosses.

Text messages compare clocks, and are the sign of life: ``{"clock": ours}``, answered with ``time``.
"""

import asyncio
import json
import time

import aiohttp
from aiohttp import web

from televise.errors import (
    FormatError,
    PeerError,
    TeleviseError,
    Unavailable,
)
from televise.formats.websocket import NORMAL
from televise.hub.publishing import Publishing
from televise.hub.relays.uplink import Uplink
from televise.ingest.http import takes_over
from televise.ingest.refusal import seat
from televise.ingest.websocket import broken, send_away
from televise.link.messages import Hello, Media, Message
from televise.link.protocol import SUBPROTOCOL, VERSION, Receiver, encode
from televise.model.name import is_node
from televise.web.limits import Allowance
from televise.web.receive import until_end
from televise.web.seats import Seats
from televise.web.sockets import Masked
from televise.web.trust.guard import needs
from televise.web.trust.keys import token_of

PATH = "/api/link/{name}/publish"
TICK_SECONDS = 2.0
# A slow uplink may need so long for one picture, behind which the answer waits. (A dead network is
# noticed by TCP before that.)
SILENCE_SECONDS = 20.0
# Of all that is not media; there may be a note for each picture.
RATE, BURST = 200.0, 400.0
# What stands beside the media in a message.
FIELDS_BYTES = 1024
# What a publisher does not read.
MOST_UNSENT = 1000


def routes(seats: Seats) -> list[web.RouteDef]:
    """What this ingest answers."""

    @needs("publish")
    async def answer(request: web.Request) -> web.StreamResponse:
        most = seats.sizes.message + FIELDS_BYTES
        # aiohttp refuses what has as much as its limit.
        websocket = Masked(
            protocols=[SUBPROTOCOL], compress=False, max_msg_size=most + 1, timeout=1.0
        )
        await websocket.prepare(request)
        try:
            await _Linked(request, websocket, most).run(seats)
        except TeleviseError as error:
            await send_away(request, websocket, error)
        return websocket

    return [web.get(PATH, answer)]


def publishes_by_link(request: web.Request) -> bool:
    """Whether this is for here."""
    resource = request.match_info.route.resource
    return resource is not None and resource.canonical == PATH


class _Linked:
    """One publisher's connection."""

    def __init__(self, request: web.Request, websocket: web.WebSocketResponse, most: int) -> None:
        self._request = request
        self._most = most
        self._websocket = websocket
        self._unsent: asyncio.Queue[bytes | str] = asyncio.Queue(MOST_UNSENT)
        self._uplink = Uplink(lambda message: self._write(encode(message)), _node(request))
        self._publishing: Publishing | None = None

    async def run(self, seats: Seats) -> None:
        """Until one of both sides goes. What is wrong is raised: a TeleviseError."""
        request = self._request
        name, address = request.match_info["name"], request.remote or ""
        self._write(encode(Hello(VERSION)))
        publishing = self._publishing = seats.take(
            name, token_of(request), address, "link", self._uplink, take_over=takes_over(request)
        )
        seat(request)
        try:
            await until_end(self._talk(publishing), publishing.closed)
        finally:
            publishing.close()
        if publishing.problem is not None:
            raise publishing.problem
        await self._websocket.close(code=NORMAL)

    async def _talk(self, publishing: Publishing) -> None:
        telling = [asyncio.create_task(self._tell()), asyncio.create_task(self._tick())]
        try:
            await self._hear(publishing)
        except PeerError as error:
            publishing.send_away(str(error))
        except TimeoutError:
            silence = f"nothing was heard for {SILENCE_SECONDS:.0f} s"
            publishing.send_away(silence, Unavailable)
        finally:
            for task in telling:
                task.cancel()
            await asyncio.gather(*telling, return_exceptions=True)

    async def _hear(self, publishing: Publishing) -> None:
        """Hear it until it goes. PeerError, TimeoutError."""
        allowance, receiver = Allowance(RATE, BURST), Receiver("provider")
        while True:
            heard = await self._websocket.receive(SILENCE_SECONDS)
            if heard.type == aiohttp.WSMsgType.TEXT:
                _count(allowance)
                self._uplink.hear_clock(heard.data, time.time_ns())
            elif heard.type == aiohttp.WSMsgType.BINARY:
                publishing.received += len(heard.data)
                for message in receiver.feed(heard.data):
                    self._take(message, allowance)
            elif isinstance(heard.data, aiohttp.WebSocketError):
                raise FormatError(broken(heard.data, self._most))
            else:
                return

    def _take(self, message: Message, allowance: Allowance) -> None:
        if not isinstance(message, Media):
            _count(allowance)
        if not isinstance(message, Hello):
            self._uplink.hear(message)

    async def _tick(self) -> None:
        while True:
            self._write(json.dumps({"clock": time.time_ns()}))
            await asyncio.sleep(TICK_SECONDS)

    async def _tell(self) -> None:
        while True:
            said = await self._unsent.get()
            if isinstance(said, str):
                await self._websocket.send_str(said)
            else:
                await self._websocket.send_bytes(said)

    def _write(self, said: bytes | str) -> None:
        """Say it as soon as the publisher hears it."""
        if not self._unsent.full():
            self._unsent.put_nowait(said)
        elif self._publishing is not None:
            self._publishing.send_away("it hears nothing", Unavailable)


def _count(allowance: Allowance) -> None:
    if not allowance.take(time.monotonic()):
        raise FormatError(f"too many messages: {RATE:.0f} a second are enough, besides media")


def _node(request: web.Request) -> str:
    """Who it says it is."""
    node = request.query.get("node", "")
    return node if is_node(node) else ""
